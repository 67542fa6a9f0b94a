package tk.verify.reference;

import java.util.List;

/**
 * A language model seen from outside: token ids in, logits out.
 *
 * <p>What the gates compare. Not thread-safe; may use several threads inside. Closing it frees its
 * threads and buffers, not the checkpoint it reads its weights from unless it says so.
 */
public interface LogitModel extends AutoCloseable {
    /** How many tokens there are, and so how many logits a position has. */
    int vocabularySize();

    /** How many positions the model was made for; longer sequences are computed all the same. */
    int contextLength();

    /** As {@link #logits(int[], int, LogitSink)}, from the first position on. */
    default void logits(int[] tokens, LogitSink sink) {
        logits(tokens, 0, sink);
    }

    /**
     * Runs a whole sequence from an empty cache and hands over the logits of the positions {@code
     * first … tokens.length-1}, in order. Nothing is added to the sequence: a BOS token is given
     * where it is wanted.
     *
     * @param tokens ids, each in {@code 0 … vocabularySize()-1}; at least one
     * @param first the first position whose logits are wanted; those before it cost less
     * @throws IllegalArgumentException where an id is outside the vocabulary
     * @throws tk.error.TkException where the weights cannot be read
     */
    void logits(int[] tokens, int first, LogitSink sink);

    /**
     * Runs several whole sequences, each from an empty cache, and hands over the logits of all
     * their positions. They may go through the layers together, which costs less than one after
     * another.
     *
     * @param sequences as in {@link #logits(int[], int, LogitSink)}, each
     */
    default void logits(List<int[]> sequences, SequenceSink sink) {
        for (int i = 0; i < sequences.size(); i++) {
            int sequence = i;
            logits(sequences.get(i), (position, logits) -> sink.accept(sequence, position, logits));
        }
    }

    /** Receives the logits of several sequences, one position at a time, in order. */
    @FunctionalInterface
    interface SequenceSink {
        /** As {@link LogitSink#accept}, of sequence {@code sequence}. */
        void accept(int sequence, int position, float[] logits);
    }

    /** Begins a sequence that grows a few tokens at a time, with an empty cache of its own. */
    default Session start() {
        Batch batch = start(1);
        return new Session() {
            @Override
            public float[] append(int... tokens) {
                return batch.append(new int[][] {tokens})[0];
            }

            @Override
            public void close() {
                batch.close();
            }
        };
    }

    /**
     * Begins sequences that grow side by side, with an empty cache for each: a step of all of them
     * costs little more than a step of one.
     */
    Batch start(int sequences);

    @Override
    void close();

    /** A sequence that grows: prefill with the prompt, then step by step. Not thread-safe. */
    interface Session extends AutoCloseable {
        /**
         * Appends tokens (a prompt, or one) and returns the logits after the last of them.
         *
         * @param tokens ids; at least one
         * @return {@code [vocabulary]}; the session's array, overwritten by the next call
         */
        float[] append(int... tokens);

        @Override
        void close();
    }

    /** Sequences that grow side by side. Not thread-safe. */
    interface Batch extends AutoCloseable {
        /**
         * Appends tokens to each sequence and returns the logits after the last of them.
         *
         * @param tokens for each sequence, ids; at least one
         * @return {@code [sequences][vocabulary]}; arrays that the next call overwrites
         */
        float[][] append(int[][] tokens);

        @Override
        void close();
    }
}
