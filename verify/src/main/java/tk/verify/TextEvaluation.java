package tk.verify;

import tk.checkpoint.Progress;
import tk.error.UsageException;
import tk.json.JsonValue.JsonObject;
import tk.verify.reference.LogitModel;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Perplexity and divergence on a text, by llama-perplexity's method, so that the numbers compare.
 *
 * <p>The text is tokenized once, with BOS before it where the vocabulary says so, and cut into full
 * chunks that don't overlap. Each is run from an empty cache, its first token replaced by BOS where
 * one is added. Scored are the positions from the middle to the last but one of each chunk.
 *
 * @param reference exp of the mean negative log-likelihood under the reference
 * @param candidate the same under the candidate
 * @param statistics how the logits compare at the scored positions
 */
public record TextEvaluation(double reference, double candidate, LogitStatistics statistics) {

    /**
     * Runs both models over a text.
     *
     * @param tokens the whole text, BOS included where it is added
     * @param bos what each chunk begins with instead of its first token
     * @param context tokens a chunk has
     * @throws UsageException where the text has fewer than two chunks
     */
    static TextEvaluation of(
            LogitModel reference,
            LogitModel candidate,
            int[] tokens,
            OptionalInt bos,
            int context,
            Progress progress) {
        if (context < 4) throw new UsageException("a context of " + context + " is too short");
        if (tokens.length < 2 * context) {
            throw new UsageException(
                    "the text has %d tokens, expected at least %d for a context of %d"
                            .formatted(tokens.length, 2 * context, context),
                    "Give a longer text or a smaller --ctx.");
        }
        LogitRun run = new LogitRun(reference, candidate);
        int vocabulary = reference.vocabularySize();
        LogitComparison comparison = new LogitComparison(vocabulary);
        double[] loss = new double[2];
        int chunks = tokens.length / context;
        int first = context / 2;
        progress.stage("evaluating text", (long) chunks * context);
        for (int chunk = 0; chunk < chunks; chunk++) {
            int number = chunk;
            int[] part = Arrays.copyOfRange(tokens, chunk * context, (chunk + 1) * context);
            int[] scored = part.clone();
            bos.ifPresent(id -> part[0] = id);
            run.run(
                    part,
                    first,
                    (position, a, b) -> {
                        if (position == context - 1) return;
                        int next = scored[position + 1];
                        loss[0] += LogitComparison.logSumExp(a, a.length) - a[next];
                        loss[1] += LogitComparison.logSumExp(b, b.length) - b[next];
                        comparison.add(number, position, a, b);
                    });
            progress.advance(context);
        }
        double count = (double) chunks * (context - 1 - first);
        return new TextEvaluation(
                Math.exp(loss[0] / count), Math.exp(loss[1] / count), comparison.statistics());
    }

    JsonObject toJson() {
        return new Members()
                .put("reference", finite(reference))
                .put("candidate", finite(candidate))
                .put("positions", statistics.positions())
                .put("kldMean", statistics.kl().mean())
                .put("kldMedian", statistics.kl().quantile(0.5))
                .put("kldP99", statistics.kl().quantile(0.99))
                .put("kldMax", statistics.kl().max())
                .put("top1Agreement", statistics.top1Agreement())
                .object();
    }

    /** JSON has no infinity. */
    private static double finite(double value) {
        return Double.isFinite(value) ? value : Double.MAX_VALUE;
    }
}
