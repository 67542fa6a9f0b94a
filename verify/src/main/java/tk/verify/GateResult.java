package tk.verify;

import tk.json.JsonValue.JsonObject;

import java.util.List;

/**
 * What a gate found.
 *
 * @param gate which
 * @param pass whether nothing failed
 * @param detail one line: what was compared, or the first thing that failed
 * @param failures everything that failed, worst first; empty where it passed
 * @param notes what passed and a reader should know all the same
 */
public record GateResult(
        Gate gate, boolean pass, String detail, List<String> failures, List<String> notes) {
    /** Copies the lists. */
    public GateResult {
        failures = List.copyOf(failures);
        notes = List.copyOf(notes);
    }

    /**
     * A result that passes where nothing failed; the first failure is its detail.
     *
     * @param passed the detail where it passes
     */
    public static GateResult of(
            Gate gate, String passed, List<String> failures, List<String> notes) {
        if (failures.isEmpty()) return new GateResult(gate, true, passed, List.of(), notes);
        String more = failures.size() == 1 ? "" : " (and %d more)".formatted(failures.size() - 1);
        return new GateResult(gate, false, failures.getFirst() + more, failures, notes);
    }

    /** As {@code report.json} has it. */
    public JsonObject toJson() {
        Members members =
                new Members().put("name", gate.label()).put("pass", pass).put("detail", detail);
        if (!failures.isEmpty()) members.put("failures", failures);
        if (!notes.isEmpty()) members.put("notes", notes);
        return members.object();
    }
}
