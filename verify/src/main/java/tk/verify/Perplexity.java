package tk.verify;

import tk.checkpoint.Progress;
import tk.verify.reference.LogitModel;

/**
 * How well a model predicts a text, by llama-perplexity's method, so that the numbers compare.
 *
 * @param chunks how many chunks of the text were run
 * @param scored how many predictions were scored
 * @param meanNll mean negative log-likelihood of the true next token, nats
 * @param value {@code e^meanNll}
 * @param uncertainty standard error of {@code value}, predictions taken as independent
 */
public record Perplexity(
        int chunks, long scored, double meanNll, double value, double uncertainty) {

    /**
     * Measures a model on a text.
     *
     * @param progress counts tokens
     * @throws tk.error.TkException where the weights cannot be read
     */
    public static Perplexity of(LogitModel model, TextChunks text, Progress progress) {
        Losses losses = new Losses();
        int last = text.context() - 1;
        progress.stage("perplexity", (long) text.count() * text.context());
        for (int i = 0; i < text.count(); i++) {
            int chunk = i;
            model.logits(
                    text.chunk(chunk),
                    text.firstScored(),
                    (position, logits) -> {
                        if (position == last) return;
                        int token = text.next(chunk, position);
                        losses.add(logits, token);
                    });
            progress.advance(text.context());
        }
        return losses.perplexity(text.count());
    }

    /** {@code ln Σ e^x}, summed in double. */
    public static double logSumExp(float[] x) {
        float max = Float.NEGATIVE_INFINITY;
        for (float v : x) max = Math.max(max, v);
        double sum = 0;
        for (float v : x) sum += Math.exp(v - max);
        return max + Math.log(sum);
    }

    /** Negative log-likelihoods, added up. */
    public static final class Losses {
        private long count;
        private double sum;
        private double squares;

        /** None yet. */
        public Losses() {}

        /** Adds the prediction of a token that truly followed. */
        public void add(float[] logits, int token) {
            add(logSumExp(logits) - logits[token]);
        }

        void add(double nll) {
            count++;
            sum += nll;
            squares += nll * nll;
        }

        double mean() {
            return sum / count;
        }

        /** The standard error of the mean, squared. */
        double variance() {
            return Math.max(0, squares / count - mean() * mean()) / (count - 1);
        }

        /** What they come to. */
        public Perplexity perplexity(int chunks) {
            double value = Math.exp(mean());
            return new Perplexity(chunks, count, mean(), value, value * Math.sqrt(variance()));
        }
    }
}
