package tk.verify;

/** Holds the comparison of logits against the limits. */
final class LogitGate {
    /**
     * Below it a model is untrained: the example model of 7 million parameters has 0.4, random
     * weights less than 0.05.
     */
    private static final double LEAST_CERTAINTY = 0.1;

    private LogitGate() {}

    /**
     * The gate.
     *
     * @param sample whether fewer prompts were run than there are
     */
    static GateResult run(LogitStatistics logits, Tolerances limits, boolean sample) {
        Findings findings = new Findings(Gate.LOGITS);
        if (logits.positions() == 0) findings.fail("no position was compared");
        if (logits.nonFinite() > 0) {
            findings.fail(
                    "%d of %d positions have a NaN or an infinity"
                            .formatted(logits.nonFinite(), logits.positions()));
        }
        atMost("mean KL divergence", logits.kl().mean(), limits.maxKld(), " nats", findings);
        atMost("normalised error", logits.nmse(), limits.maxNmse(), "", findings);
        atMost("loss by its choices", logits.regret(), limits.maxRegret(), " nats", findings);
        addedTokens(logits, limits, findings);
        limits.minTop1()
                .ifPresent(
                        least -> {
                            if (logits.top1Agreement() < least) {
                                findings.fail(
                                        "the likeliest token agrees at %s of positions, at least %s expected"
                                                .formatted(
                                                        Numbers.percent(logits.top1Agreement()),
                                                        Numbers.percent(least)));
                            }
                        });
        if (sample) findings.note("a sample: fewer and shorter prompts than usual");
        if (limits.loosened()) {
            findings.note("the user loosened the limit of the divergence");
        }
        return findings.result(
                "%d positions: mean KL divergence %s, at most %s for %s; the likeliest token agrees at %s"
                        .formatted(
                                logits.positions(),
                                Numbers.three(logits.kl().mean()),
                                Numbers.three(limits.maxKld()),
                                limits.basis(),
                                Numbers.percent(logits.top1Agreement())));
    }

    /**
     * What added tokens cost. A model that knows next to nothing (an untrained one) has no
     * direction that a row could turn away from, and nothing to lose: there the cost is told, not
     * judged.
     */
    private static void addedTokens(LogitStatistics logits, Tolerances limits, Findings findings) {
        if (logits.certainty() >= LEAST_CERTAINTY) {
            atMost(
                    "cost of added tokens",
                    logits.added().mean(),
                    limits.maxAddedNats(),
                    " nats a token",
                    findings);
        } else if (logits.added().mean() > limits.maxAddedNats()) {
            findings.note(
                    "the reference predicts next to nothing (as an untrained model does); added tokens cost %s nats a token"
                            .formatted(Numbers.three(logits.added().mean())));
        }
    }

    private static void atMost(
            String what, double found, double limit, String unit, Findings findings) {
        if (found <= limit) return;
        findings.fail(
                "%s %s%s, at most %s expected"
                        .formatted(what, Numbers.three(found), unit, Numbers.three(limit)));
    }
}
