package tk.verify;

import tk.error.UsageException;
import tk.verify.tokens.Vocabulary;

import java.util.OptionalInt;

/**
 * A text cut up as llama-perplexity cuts it: consecutive chunks of one context each, the rest left
 * out; each chunk is run from an empty cache with its first token replaced by BOS, and the tokens
 * of its second half are scored.
 *
 * <p>Source: llama.cpp's {@code tools/perplexity}, by its output.
 *
 * @param tokens the whole text's ids, begun with BOS where the vocabulary adds one; not copied
 * @param context tokens a chunk
 * @param bos what each chunk begins with; empty where the vocabulary adds no BOS
 * @param count how many chunks
 */
public record TextChunks(int[] tokens, int context, OptionalInt bos, int count) {
    /** Refuses a text of less than two chunks, as llama-perplexity does. */
    public TextChunks {
        if (context < 4)
            throw new UsageException("a context of %d is too short".formatted(context));
        if (tokens.length < 2L * context) {
            throw new UsageException(
                    "the text has %d tokens, at least %d are needed for a context of %d"
                            .formatted(tokens.length, 2L * context, context),
                    "Give a longer text, or a smaller context.");
        }
        if (count < 1 || count > tokens.length / context) {
            throw new IllegalArgumentException(count + " chunks");
        }
    }

    /** All chunks of a text. */
    public TextChunks(int[] tokens, int context, OptionalInt bos) {
        this(tokens, context, bos, Math.max(1, tokens.length / Math.max(1, context)));
    }

    /**
     * A text cut up. A line feed at its end doesn't count, as in llama.cpp's programs.
     *
     * @param vocabulary makes the tokens, BOS before them where it adds one
     * @param rows ids from there on, which the model has no embedding of, are left out
     * @param context tokens a chunk
     * @param chunks at most so many; 0 for all
     */
    public static TextChunks of(
            Vocabulary vocabulary, String text, int rows, int context, int chunks) {
        String counted = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        int[] tokens = vocabulary.ids(counted, rows);
        OptionalInt bos = vocabulary.addBos() ? vocabulary.firstBos() : OptionalInt.empty();
        TextChunks all = new TextChunks(tokens, context, bos);
        return chunks <= 0 || chunks >= all.count()
                ? all
                : new TextChunks(tokens, context, bos, chunks);
    }

    /** What chunk {@code index} is run with: {@code context} ids. */
    public int[] chunk(int index) {
        int[] ids = new int[context];
        System.arraycopy(tokens, index * context, ids, 0, context);
        if (bos.isPresent()) ids[0] = bos.getAsInt();
        return ids;
    }

    /** The first position of a chunk whose prediction is scored. */
    public int firstScored() {
        return context / 2;
    }

    /** How many predictions of a chunk are scored: the last position's is not. */
    public int scored() {
        return context - 1 - firstScored();
    }

    /** The token that truly follows a position of a chunk. */
    public int next(int index, int position) {
        return tokens[index * context + position + 1];
    }
}
