package tk.verify;

import tk.error.VerificationException;
import tk.json.JsonValue.JsonObject;

import java.util.List;
import java.util.Optional;

/**
 * What the gates found about one candidate, and which bytes they found it about.
 *
 * <p>Only {@link Verifier} makes one: a verification that passed is what {@link VerifiedArtifact}
 * is made from.
 */
public final class Verification {
    private final Subject reference;
    private final Subject candidate;
    private final List<GateResult> gates;
    private final Evidence evidence;
    private final Tolerances tolerances;
    private final Optional<String> promptTemplate;

    Verification(
            Subject reference,
            Subject candidate,
            List<GateResult> gates,
            Evidence evidence,
            Tolerances tolerances,
            Optional<String> promptTemplate) {
        this.reference = reference;
        this.candidate = candidate;
        this.gates = List.copyOf(gates);
        this.evidence = evidence;
        this.tolerances = tolerances;
        this.promptTemplate = promptTemplate;
    }

    /** Whether every gate there is has run once, and passed. */
    public boolean pass() {
        return gates.stream().map(GateResult::gate).toList().equals(List.of(Gate.values()))
                && gates.stream().allMatch(GateResult::pass);
    }

    /** The gates, in order. */
    public List<GateResult> gates() {
        return gates;
    }

    /** What a gate found, if it ran. */
    public Optional<GateResult> gate(Gate gate) {
        return gates.stream().filter(result -> result.gate() == gate).findFirst();
    }

    /** What the candidate was compared with. */
    public Subject reference() {
        return reference;
    }

    /** What was checked. */
    public Subject candidate() {
        return candidate;
    }

    /** The measurements behind the verdict. */
    public Evidence evidence() {
        return evidence;
    }

    /** The limits that applied. */
    public Tolerances tolerances() {
        return tolerances;
    }

    /** The Modelfile's template that gate {@link Gate#TEMPLATE} judged, if it did. */
    public Optional<String> promptTemplate() {
        return promptTemplate;
    }

    /**
     * Nothing where it passed.
     *
     * @throws VerificationException that names the first gate that failed
     */
    public void requirePass() {
        if (pass()) return;
        String reason =
                gates.stream()
                        .filter(result -> !result.pass())
                        .map(result -> result.gate().label() + ": " + result.detail())
                        .findFirst()
                        .orElse("not every gate ran");
        throw new VerificationException(
                "%s is not the model it was made from: %s".formatted(candidate.path(), reason),
                "The report says what was compared; nothing was packaged.");
    }

    /** The report as {@code tk verify --json} prints it and {@code report.json} holds it. */
    public JsonObject toJson() {
        Members members =
                new Members()
                        .put("pass", pass())
                        .put("gates", gates.stream().map(GateResult::toJson).toList());
        evidence.logits().ifPresent(logits -> members.put("logits", logits.toJson()));
        evidence.perplexity().ifPresent(found -> members.put("perplexity", found.toJson()));
        return members.put("tokens", evidence.tokens().toJson())
                .put("reference", reference.toJson())
                .put("candidate", candidate.toJson())
                .put("tolerance", tolerances.toJson())
                .object();
    }
}
