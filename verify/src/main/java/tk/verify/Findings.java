package tk.verify;

import tk.error.TkException;

import java.util.ArrayList;
import java.util.List;

/** Collects what a gate finds. */
final class Findings {
    private final Gate gate;
    private final List<String> failures = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    Findings(Gate gate) {
        this.gate = gate;
    }

    void fail(String failure) {
        failures.add(failure);
    }

    void failAll(List<String> more) {
        failures.addAll(more);
    }

    void note(String note) {
        notes.add(note);
    }

    void noteAll(List<String> more) {
        notes.addAll(more);
    }

    /** A candidate that cannot be read far enough fails what had to be read. */
    void fail(TkException unreadable) {
        failures.add(unreadable.getMessage());
    }

    /**
     * The result.
     *
     * @param passed its detail where nothing failed
     */
    GateResult result(String passed) {
        return GateResult.of(gate, passed, failures, notes);
    }
}
