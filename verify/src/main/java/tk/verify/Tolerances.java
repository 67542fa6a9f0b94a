package tk.verify;

import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;

import java.util.OptionalDouble;

/**
 * How far a candidate's logits may be from the reference's and still be called the same model.
 *
 * <p>The limits follow from the coarsest type the weights went through. Both sides run through the
 * same forward pass, so a candidate that holds the same values differs only in the order of some
 * sums; a quantized one differs by what its type throws away.
 *
 * @param basis the type that decides, or {@code exact} where every value was kept
 * @param maxKld limit of the mean divergence, nats a token
 * @param maxNmse limit of the normalised mean square error of the logits
 * @param maxRegret limit of the mean nats lost by following the candidate's choice
 * @param minTop1 limit of the top-1 agreement, where the user set one: near-ties make a default
 *     either toothless or wrong
 * @param maxAddedNats limit of what tokens outside the source's vocabulary may cost, nats a token
 * @param loosened whether the user allowed more than the type's own limits
 */
public record Tolerances(
        String basis,
        double maxKld,
        double maxNmse,
        double maxRegret,
        OptionalDouble minTop1,
        double maxAddedNats,
        boolean loosened) {

    /** What added tokens may cost: the limit the project sets for byte fallback. */
    private static final double ADDED_NATS = 1e-3;

    /**
     * How many times the divergence of rounding errors of the same size is accepted. Measured on
     * 252 correct quantizations of small models of random weights: 0.79 to 1.23 times.
     */
    private static final double OVER_CONTROL = 3;

    /**
     * The limits where every value was kept: only the order of sums differs. Measured: mean
     * divergence 2e-13 (Turkish model, F16) to 4e-12 (random weights), normalised error 9e-14 to
     * 3e-12; one wrong row of 1,800 gives 1e-4 and more.
     */
    public static Tolerances exact() {
        return limits("exact", 1e-7, 1e-8, 1e-4);
    }

    /**
     * The limits where some values went through this type, and none through a coarser one.
     *
     * <p>Mean divergences of the whole file, in nats a token, that they rest on; llama.cpp
     * publishes those of Llama 3 8B, a model that suffers more than most of its size. The Turkish
     * model is stored in F16; of stories260K, which is stored in F32, F16 makes 1.5e-6, BF16 1.4e-4
     * and Q8_0 1.1e-3:
     *
     * <pre>
     *            Turkish model (7M)   Llama 3 8B   limit
     * F16        -                    -            1e-5
     * BF16       9.7e-6               -            1e-3
     * Q8_0       8.1e-5               0.0014       7e-3
     * Q6_K       8.0e-4               0.0055       0.03
     * Q5_K (M)   9.9e-4               0.011        0.06
     * Q5_0, 5_1  1.1e-3               0.022        0.11
     * Q4_K (M)   1.6e-3               0.031        0.16
     * IQ4        1.9e-3               0.037        0.19
     * Q4_0, 4_1  2.1e-3               0.074        0.37
     * Q3_K (M)   3.5e-3               0.10         0.5
     * Q2_K       0.012                0.45         2.2
     * </pre>
     *
     * That is five times Llama 3's. A model that takes rounding worse still is measured against
     * what errors of the same size do to it ({@link #orControl}).
     */
    public static Tolerances of(DType coarsest) {
        return switch (coarsest) {
            case F64, F32 -> exact();
            case F16 -> limits("F16", 1e-5, 1e-5, 1e-3);
            case BF16 -> limits("BF16", 1e-3, 1e-3, 1e-2);
            case Q8_0, Q8_1, Q8_K -> limits(coarsest.name(), 7e-3, 5e-3, 2e-2);
            case Q6_K -> limits("Q6_K", 0.03, 1e-2, 5e-2);
            case Q5_K -> limits("Q5_K", 0.06, 3e-2, 0.1);
            case Q5_0, Q5_1 -> limits(coarsest.name(), 0.11, 4e-2, 0.15);
            case Q4_K -> limits("Q4_K", 0.16, 0.08, 0.25);
            case IQ4_NL, IQ4_XS -> limits(coarsest.name(), 0.19, 0.08, 0.25);
            case Q4_0, Q4_1, MXFP4 -> limits(coarsest.name(), 0.37, 0.1, 0.4);
            case Q3_K, IQ3_S, IQ3_XXS -> limits(coarsest.name(), 0.5, 0.2, 0.6);
            default -> limits(coarsest.name(), 2.2, 0.5, 2);
        };
    }

    private static Tolerances limits(String basis, double kld, double nmse, double regret) {
        return new Tolerances(basis, kld, nmse, regret, OptionalDouble.empty(), ADDED_NATS, false);
    }

    /**
     * Limit of what the candidate loses in its own text: some dozens of tokens, so that chance
     * needs more room than in a mean over all positions.
     */
    public double maxBehaviour() {
        return basis.equals("exact") ? 1e-3 : Math.max(0.25, 4 * maxRegret);
    }

    /**
     * These limits, or wider ones where rounding errors of the candidate's size, but of their own,
     * do more to this model.
     *
     * @param control how far the model with such errors is from the reference
     * @param own the user's limit of the divergence, which stays
     */
    Tolerances orControl(LogitStatistics control, OptionalDouble own) {
        return new Tolerances(
                basis,
                own.orElse(Math.max(maxKld, OVER_CONTROL * control.kl().mean())),
                Math.max(maxNmse, OVER_CONTROL * control.nmse()),
                Math.max(maxRegret, OVER_CONTROL * control.regret()),
                minTop1,
                maxAddedNats,
                loosened);
    }

    /**
     * These limits with the user's own in place of the type's.
     *
     * @param kld {@code --max-kld}
     * @param top1 {@code --min-top1}, a share between 0 and 1
     */
    public Tolerances with(OptionalDouble kld, OptionalDouble top1) {
        boolean more = kld.isPresent() && kld.getAsDouble() > maxKld;
        double factor = more ? kld.getAsDouble() / maxKld : 1;
        return new Tolerances(
                basis,
                kld.orElse(maxKld),
                // Who allows a larger divergence allows what comes with it.
                maxNmse * factor,
                maxRegret * factor,
                top1,
                maxAddedNats,
                more);
    }

    /** As {@code report.json} has it. */
    public JsonObject toJson() {
        Members members =
                new Members()
                        .put("basis", basis)
                        .put("maxKld", maxKld)
                        .put("maxNmse", maxNmse)
                        .put("maxRegret", maxRegret)
                        .put("maxAddedNats", maxAddedNats)
                        .put("loosened", loosened);
        minTop1.ifPresent(limit -> members.put("minTop1", limit));
        return members.object();
    }
}
