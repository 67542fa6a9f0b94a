package tk.verify;

import tk.checkpoint.Progress;
import tk.json.JsonValue.JsonObject;
import tk.verify.Perplexity.Losses;
import tk.verify.reference.LogitModel;

import java.util.Arrays;

/**
 * How far a candidate's predictions of a text are from a base's, by the method of {@code
 * llama-perplexity --kl-divergence}, so that the numbers compare.
 *
 * @param reference the base's perplexity, from its logits
 * @param base the same from its coded log-probabilities, which all figures below rest on
 * @param candidate the candidate's
 * @param logRatio {@code ln(candidate / base)}
 * @param logRatioUncertainty its standard error, which the two losses' correlation makes small
 * @param correlation of the two models' losses
 * @param divergence nats a prediction
 * @param divergenceUncertainty standard error of its mean
 * @param change of the true token's probability from base to candidate
 * @param changeRms root of its mean square
 * @param sameTop share of predictions where both find the same token likeliest
 */
public record KlDivergence(
        Perplexity reference,
        Perplexity base,
        Perplexity candidate,
        double logRatio,
        double logRatioUncertainty,
        double correlation,
        Distribution divergence,
        double divergenceUncertainty,
        Distribution change,
        double changeRms,
        double sameTop) {

    /**
     * Measures a candidate against a base on a text.
     *
     * @param base the model that counts as right
     * @param candidate has the same vocabulary, or further tokens after it, which are left out
     * @param progress counts tokens of both
     * @throws tk.error.TkException where the weights cannot be read
     */
    public static KlDivergence of(
            LogitModel base, LogitModel candidate, TextChunks text, Progress progress) {
        Sums sums = new Sums(text.count() * text.scored());
        int vocabulary = base.vocabularySize();
        BaseLogits[] coded = new BaseLogits[text.scored()];
        Arrays.setAll(coded, i -> new BaseLogits(vocabulary));
        int first = text.firstScored();
        int last = text.context() - 1;
        progress.stage("divergence", 2L * text.count() * text.context());
        for (int i = 0; i < text.count(); i++) {
            int chunk = i;
            int[] ids = text.chunk(chunk);
            base.logits(
                    ids,
                    first,
                    (position, logits) -> {
                        if (position == last) return;
                        coded[position - first].code(logits);
                        sums.addReference(logits, text.next(chunk, position));
                    });
            progress.advance(text.context());
            candidate.logits(
                    ids,
                    first,
                    (position, logits) -> {
                        if (position == last) return;
                        int token = text.next(chunk, position);
                        sums.add(coded[position - first], logits, vocabulary, token);
                    });
            progress.advance(text.context());
        }
        return sums.divergence(text.count());
    }

    /** As {@code report.json} has it: the two perplexities first. */
    public JsonObject toJson() {
        return new Members()
                .put("reference", finite(reference.value()))
                .put("candidate", finite(candidate.value()))
                .put("referenceUncertainty", finite(reference.uncertainty()))
                .put("candidateUncertainty", finite(candidate.uncertainty()))
                .put("chunks", reference.chunks())
                .put("positions", reference.scored())
                .put("logRatio", finite(logRatio))
                .put("logRatioUncertainty", finite(logRatioUncertainty))
                .put("correlation", finite(correlation))
                .put("kldMean", finite(divergence.mean()))
                .put("kldUncertainty", finite(divergenceUncertainty))
                .put("kldMedian", finite(divergence.quantile(0.5)))
                .put("kldP99", finite(divergence.quantile(0.99)))
                .put("kldMax", finite(divergence.max()))
                .put("changeMean", finite(change.mean()))
                .put("changeRms", finite(changeRms))
                .put("top1Agreement", sameTop)
                .object();
    }

    /** JSON has no infinity, and no NaN. */
    private static double finite(double value) {
        return Double.isNaN(value) ? 0 : Math.clamp(value, -Double.MAX_VALUE, Double.MAX_VALUE);
    }

    /** One prediction after another, added up. */
    private static final class Sums {
        /** Tokens below this log-probability of the base's count for nothing. */
        private static final float FLOOR = -16;

        private final Losses reference = new Losses();
        private final Losses base = new Losses();
        private final Losses candidate = new Losses();
        private final double[] divergences;
        private final double[] changes;
        private double products;
        private double divergenceSquares;
        private double changeSquares;
        private int sameTop;
        private int count;

        Sums(int predictions) {
            divergences = new double[predictions];
            changes = new double[predictions];
        }

        void addReference(float[] logits, int token) {
            reference.add(logits, token);
        }

        void add(BaseLogits coded, float[] logits, int vocabulary, int token) {
            float max = logits[0];
            int top = 0;
            for (int v = 1; v < vocabulary; v++) {
                if (logits[v] > max) {
                    max = logits[v];
                    top = v;
                }
            }
            double sum = 0;
            for (int v = 0; v < vocabulary; v++) sum += (float) Math.exp(logits[v] - max);
            float normaliser = max + (float) Math.log(sum);
            float nll = normaliser - logits[token];
            float baseNll = -coded.logProbability(token);
            candidate.add(nll);
            base.add(baseNll);
            products += (double) nll * baseNll;

            double divergence = 0;
            int baseTop = 0;
            float most = coded.logProbability(0);
            for (int v = 0; v < vocabulary; v++) {
                float p = coded.logProbability(v);
                if (p > most) {
                    most = p;
                    baseTop = v;
                }
                if (p > FLOOR) {
                    divergence += (float) Math.exp(p) * (p - logits[v] + normaliser);
                }
            }
            if (top == baseTop) sameTop++;
            double change = Math.exp(-nll) - Math.exp(-baseNll);
            divergences[count] = divergence;
            divergenceSquares += divergence * divergence;
            changes[count] = change;
            changeSquares += change * change;
            count++;
        }

        KlDivergence divergence(int chunks) {
            double covariance = products / count - base.mean() * candidate.mean();
            covariance /= count - 1;
            double variance = base.variance() + candidate.variance() - 2 * covariance;
            Distribution divergence = Distribution.of(divergences, count);
            double spread = divergenceSquares / count - divergence.mean() * divergence.mean();
            return new KlDivergence(
                    reference.perplexity(chunks),
                    base.perplexity(chunks),
                    candidate.perplexity(chunks),
                    candidate.mean() - base.mean(),
                    Math.sqrt(Math.max(0, variance)),
                    covariance / Math.sqrt(base.variance() * candidate.variance()),
                    divergence,
                    Math.sqrt(Math.max(0, spread) / (count - 1)),
                    Distribution.of(changes, count),
                    Math.sqrt(changeSquares / count),
                    (double) sameTop / count);
        }
    }
}
