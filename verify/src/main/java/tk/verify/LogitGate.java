package tk.verify;

/** Holds the comparison of logits against the limits. */
final class LogitGate {
    private LogitGate() {}

    static GateResult run(LogitStatistics logits, Tolerances limits) {
        Findings findings = new Findings(Gate.LOGITS);
        if (logits.nonFinite() > 0) {
            findings.fail(
                    "%d of %d positions have a NaN or an infinity"
                            .formatted(logits.nonFinite(), logits.positions()));
        }
        atMost("mean KL divergence", logits.kl().mean(), limits.maxKld(), " nats", findings);
        atMost("normalised error", logits.nmse(), limits.maxNmse(), "", findings);
        atMost("loss by its choices", logits.regret(), limits.maxRegret(), " nats", findings);
        atMost(
                "cost of added tokens",
                logits.added().mean(),
                limits.maxAddedNats(),
                " nats a token",
                findings);
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

    private static void atMost(
            String what, double found, double limit, String unit, Findings findings) {
        if (found <= limit) return;
        findings.fail(
                "%s %s%s, at most %s expected"
                        .formatted(what, Numbers.three(found), unit, Numbers.three(limit)));
    }
}
