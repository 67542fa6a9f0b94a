package tk.verify;

import tk.json.JsonValue.JsonObject;

import java.util.List;

/**
 * How far a candidate's logits are from the reference's, over many positions.
 *
 * <p>All but the added loss concern the reference's own vocabulary: tokens that only the candidate
 * has are left out of the softmax.
 *
 * @param positions how many positions were compared
 * @param nonFinite positions where either side has a NaN or an infinity; in no other figure
 * @param maxAbs the largest difference of two logits
 * @param nmse Σ(candidate − reference)² / Σ reference², over all logits, as llama.cpp's harness has
 *     it
 * @param kl Kullback-Leibler divergence of the candidate's distribution from the reference's, nats,
 *     a value a position
 * @param top1Agreement share of positions where both find the same token likeliest
 * @param top5Agreement share of the reference's five likeliest tokens that are among the
 *     candidate's five
 * @param regret mean nats, by the reference's own judgement, that its choice is likelier than the
 *     candidate's: 0 where they agree, next to 0 in a near-tie
 * @param added nats a token that tokens outside the reference's vocabulary cost, −ln(1 − their
 *     mass), a value a position
 * @param certainty how much of what there is to know of the next token the reference knows: 0 where
 *     its distribution is uniform, 1 where it is sure
 * @param worst the positions with the largest divergence, worst first
 */
public record LogitStatistics(
        int positions,
        int nonFinite,
        double maxAbs,
        double nmse,
        Distribution kl,
        double top1Agreement,
        double top5Agreement,
        double regret,
        Distribution added,
        double certainty,
        List<Position> worst) {
    /** Copies the list. */
    public LogitStatistics {
        worst = List.copyOf(worst);
    }

    /**
     * A position that stands out.
     *
     * @param prompt which prompt, from 0
     * @param position index into it of the token whose successor was predicted
     * @param kl divergence, nats
     * @param expected the reference's likeliest next token
     * @param found the candidate's
     */
    public record Position(int prompt, int position, double kl, int expected, int found) {}

    /** As {@code report.json} has it: the figures scripts rely on first. */
    public JsonObject toJson() {
        return new Members()
                .put("positions", positions)
                .put("maxAbs", maxAbs)
                .put("nmse", nmse)
                .put("kldMean", kl.mean())
                .put("kldMax", kl.max())
                .put("top1Agreement", top1Agreement)
                .put("kldMedian", kl.quantile(0.5))
                .put("kldP99", kl.quantile(0.99))
                .put("top5Agreement", top5Agreement)
                .put("regret", regret)
                .put("addedNatsMean", added.mean())
                .put("addedNatsMax", added.max())
                .put("nonFinite", nonFinite)
                .object();
    }
}
