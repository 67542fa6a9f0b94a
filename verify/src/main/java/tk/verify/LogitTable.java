package tk.verify;

import tk.verify.reference.LogitModel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** What a model expects at every position of some sequences, in native memory until closed. */
final class LogitTable implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment values; // (rows, vocabulary)
    private final int vocabulary;

    private LogitTable(int rows, int vocabulary) {
        this.vocabulary = vocabulary;
        this.values = arena.allocate(Math.multiplyExact(rows * 4L, vocabulary), 64);
    }

    /** Runs the sequences, together where the model can; a row a position, one after another. */
    static LogitTable of(LogitModel model, List<int[]> sequences) {
        int rows = 0;
        for (int[] sequence : sequences) rows = Math.addExact(rows, sequence.length);
        LogitTable table = new LogitTable(rows, model.vocabularySize());
        int[] next = new int[1];
        try {
            model.logits(
                    sequences,
                    (sequence, position, logits) ->
                            MemorySegment.copy(
                                    logits,
                                    0,
                                    table.values,
                                    ValueLayout.JAVA_FLOAT,
                                    table.at(next[0]++),
                                    table.vocabulary));
        } catch (RuntimeException | Error e) {
            table.close();
            throw e;
        }
        return table;
    }

    /** A position's logits, {@code [vocabulary]}. Thread-safe. */
    float[] row(int row) {
        float[] logits = new float[vocabulary];
        MemorySegment.copy(values, ValueLayout.JAVA_FLOAT, at(row), logits, 0, vocabulary);
        return logits;
    }

    private long at(int row) {
        return 4L * vocabulary * row;
    }

    @Override
    public void close() {
        arena.close();
    }
}
