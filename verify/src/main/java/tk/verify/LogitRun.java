package tk.verify;

import tk.checkpoint.Progress;
import tk.tensor.Scratch;
import tk.verify.reference.LogitModel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Runs the same tokens through two models and compares what they expect next. */
final class LogitRun {
    private final LogitModel reference;
    private final LogitModel candidate;

    LogitRun(LogitModel reference, LogitModel candidate) {
        this.reference = reference;
        this.candidate = candidate;
    }

    /** Receives the logits that both models have at a position. */
    @FunctionalInterface
    interface PairSink {
        /** Arrays of each model's own vocabulary, used again for the next position. */
        void accept(int position, float[] reference, float[] candidate);
    }

    /** Compares all positions of all prompts. */
    LogitStatistics compare(List<int[]> prompts, Progress progress) {
        LogitComparison comparison = new LogitComparison(reference.vocabularySize());
        long total = prompts.stream().mapToLong(prompt -> prompt.length).sum();
        progress.stage("comparing logits", total);
        for (int i = 0; i < prompts.size(); i++) {
            int prompt = i;
            run(prompts.get(i), 0, (position, a, b) -> comparison.add(prompt, position, a, b));
            progress.advance(prompts.get(i).length);
        }
        return comparison.statistics();
    }

    /**
     * Hands over both models' logits of the positions {@code first … tokens.length-1}.
     *
     * <p>The reference's wait in native memory until the candidate's are there, so that the two
     * models' own buffers need not exist at once with them.
     */
    void run(int[] tokens, int first, PairSink sink) {
        int vocabulary = reference.vocabularySize();
        long row = Math.multiplyExact((long) vocabulary, Float.BYTES);
        try (Scratch scratch = Scratch.borrow(Math.multiplyExact(tokens.length - first, row))) {
            MemorySegment kept = scratch.segment();
            reference.logits(
                    tokens,
                    first,
                    (position, logits) ->
                            MemorySegment.copy(
                                    logits,
                                    0,
                                    kept,
                                    ValueLayout.JAVA_FLOAT,
                                    (position - first) * row,
                                    vocabulary));
            float[] expected = new float[vocabulary];
            candidate.logits(
                    tokens,
                    first,
                    (position, logits) -> {
                        MemorySegment.copy(
                                kept,
                                ValueLayout.JAVA_FLOAT,
                                (position - first) * row,
                                expected,
                                0,
                                vocabulary);
                        sink.accept(position, expected, logits);
                    });
        }
    }
}
