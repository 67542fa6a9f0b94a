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

    /** The limits where every value was kept: only the order of sums differs. */
    public static Tolerances exact() {
        return limits("exact", 1e-7, 1e-8, 1e-4);
    }

    /** The limits where some values went through this type, and none through a coarser one. */
    public static Tolerances of(DType coarsest) {
        return switch (coarsest) {
            case F64, F32 -> exact();
            case F16 -> limits("F16", 1e-5, 1e-5, 1e-3);
            case BF16 -> limits("BF16", 1e-3, 1e-3, 1e-2);
            case Q8_0, Q8_1, Q8_K -> limits("Q8_0", 5e-3, 5e-3, 2e-2);
            case Q6_K -> limits("Q6_K", 1e-2, 1e-2, 5e-2);
            case Q5_K, Q5_0, Q5_1 -> limits(coarsest.name(), 5e-2, 4e-2, 0.1);
            case Q4_K, Q4_0, Q4_1, IQ4_NL, IQ4_XS, MXFP4 -> limits(coarsest.name(), 0.15, 0.1, 0.3);
            case Q3_K, IQ3_S, IQ3_XXS -> limits(coarsest.name(), 0.6, 0.3, 0.8);
            default -> limits(coarsest.name(), 2, 0.6, 2);
        };
    }

    private static Tolerances limits(String basis, double kld, double nmse, double regret) {
        return new Tolerances(basis, kld, nmse, regret, OptionalDouble.empty(), ADDED_NATS, false);
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
