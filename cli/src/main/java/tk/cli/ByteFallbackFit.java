package tk.cli;

import tk.checkpoint.Progress;
import tk.convert.bytefallback.ByteRowFit;
import tk.convert.bytefallback.Calibration;
import tk.model.ModelSource;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer;
import tk.verify.corpus.Corpus;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Fits the head's row for added byte tokens on what the model itself computes.
 *
 * <p>Texts are few and short, so each is continued by the model's own voice: at every position a
 * token is drawn from the model's distribution, and the drawn sequence is run in its turn. Three of
 * four sequences are fitted on, the others measure.
 *
 * @param fit the row, with its cost on the fitted positions
 * @param heldOut its cost on positions it was not fitted on
 */
record ByteFallbackFit(ByteRowFit fit, ByteRowFit.Cost heldOut) {
    /** Values held at most: 32 MiB of hidden states. */
    private static final int MOST_VALUES = 8 << 20;

    /** Twice as many as long hidden states have values: fewer would be fitted one by one. */
    private static final int FIRST_POSITIONS = 2048;

    private static final int MOST_POSITIONS = 8192;

    /** Nats a token that verification allows. */
    private static final double ALLOWED = 1e-3;

    /** Nats a token that leave room for other texts: of these, some cost four times the mean. */
    private static final double ENOUGH = ALLOWED / 10;

    private static final int LONGEST = 256;

    /**
     * Fits on the built-in texts.
     *
     * @param source the model, with a configuration
     * @param vocabulary its own, without byte pieces
     */
    static ByteFallbackFit on(
            ModelSource source, GgufVocabulary vocabulary, int threads, Progress progress) {
        int unknown = unknownId(vocabulary);
        int size = vocabulary.tokens().size();
        Tokenizer tokenizer = GgufTokenizer.of(vocabulary.withBytePieces(), "byte fallback");
        List<int[]> texts = new ArrayList<>();
        for (List<String> group : Corpus.texts().values()) {
            for (String text : group) {
                int[] ids = tokenizer.encode(text, Tokenizer.Specials.AS_TEXT);
                // What the added tokens will spell is <unk> to the model as it is.
                for (int i = 0; i < ids.length; i++) if (ids[i] >= size) ids[i] = unknown;
                texts.add(ids);
            }
        }
        try (ReferenceModel model =
                source.gguf().isPresent()
                        ? ReferenceModels.openGguf(source.weights(), source.gguf().get(), threads)
                        : ReferenceModels.open(source.weights(), source.requireConfig(), threads)) {
            return on(model, texts, vocabulary.specialId("bos").orElse(-1), progress);
        }
    }

    /** The id of {@code <unk>}: the first of that type, or 0. */
    static int unknownId(GgufVocabulary vocabulary) {
        for (int id = 0; id < vocabulary.tokens().size(); id++) {
            if (vocabulary.tokens().get(id).type() == TokenType.UNKNOWN) return id;
        }
        return 0;
    }

    /**
     * Fits on texts.
     *
     * @param model the source's forward pass
     * @param texts token ids, without BOS
     * @param bos the id every sequence starts with, or a negative number for none
     */
    static ByteFallbackFit on(ReferenceModel model, List<int[]> texts, int bos, Progress progress) {
        int width = model.hiddenSize();
        int most = Math.min(MOST_POSITIONS, MOST_VALUES / width);
        List<int[]> sequences =
                sequences(
                        texts,
                        bos,
                        Math.min(LONGEST, model.contextLength()),
                        model.vocabularySize());
        Calibration fitted = new Calibration(width);
        Calibration held = new Calibration(width);
        Random random = new Random(42);
        int next = 0;
        for (int positions = Math.min(FIRST_POSITIONS, most); ; positions *= 2) {
            int done = fitted.count() + held.count();
            progress.stage("fitting byte tokens", Math.min(positions, most) - (long) done);
            for (; fitted.count() + held.count() < Math.min(positions, most); next++) {
                int i = next % sequences.size();
                Calibration calibration = i % 4 == 3 ? held : fitted;
                sequences.set(i, redrawn(model, sequences.get(i), calibration, random));
                progress.advance(sequences.get(i).length);
            }
            ByteRowFit fit = ByteRowFit.on(fitted);
            ByteRowFit.Cost heldOut = ByteRowFit.cost(fit.row(), held);
            // The more positions, the more the fitted ones cost and the less the others do: where
            // the fitted ones cost too much already, no number of them would help.
            boolean hopeless = fit.cost().meanNats() > ALLOWED;
            if (heldOut.meanNats() <= ENOUGH || hopeless || positions >= most) {
                return new ByteFallbackFit(fit, heldOut);
            }
        }
    }

    /** Adds the states of a sequence, and draws the tokens of the next by what it predicts. */
    private static int[] redrawn(
            ReferenceModel model, int[] sequence, Calibration calibration, Random random) {
        int[] drawn = sequence.clone();
        model.hiddenStates(
                sequence,
                (position, hidden, logits, logSumExp) -> {
                    calibration.add(hidden, logSumExp);
                    if (position + 1 < drawn.length)
                        drawn[position + 1] = draw(logits, logSumExp, random);
                });
        return drawn;
    }

    /**
     * The texts one after another, cut to equal lengths; where there are none, random tokens to
     * start from.
     */
    private static List<int[]> sequences(List<int[]> texts, int bos, int length, int vocabulary) {
        List<Integer> stream = new ArrayList<>();
        for (int[] text : texts) for (int id : text) stream.add(id);
        Random random = new Random(7);
        while (stream.size() < 16 * length) stream.add(random.nextInt(vocabulary));
        int lead = bos >= 0 ? 1 : 0;
        int step = Math.max(1, length - lead);
        List<int[]> sequences = new ArrayList<>();
        for (int from = 0; from + step <= stream.size(); from += step) {
            int[] sequence = new int[step + lead];
            if (bos >= 0) sequence[0] = bos;
            for (int i = 0; i < step; i++) sequence[lead + i] = stream.get(from + i);
            sequences.add(sequence);
        }
        return sequences;
    }

    /** A token of the model's distribution. */
    private static int draw(float[] logits, double logSumExp, Random random) {
        double left = random.nextDouble();
        for (int i = 0; i < logits.length; i++) {
            left -= Math.exp(logits[i] - logSumExp);
            if (left < 0) return i;
        }
        return logits.length - 1;
    }
}
