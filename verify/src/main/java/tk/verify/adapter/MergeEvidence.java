package tk.verify.adapter;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * What is known of a merge: which adapters, what each parameter gives merged and apart, and what
 * the models say.
 *
 * @param adapters in the order they were merged
 * @param parameters every parameter that an adapter touches
 * @param logits of base, base with the adapters beside it, and merged model, where they were
 *     computed
 * @param notes what a person should be told
 * @param warnings what they should be warned of
 */
public record MergeEvidence(
        List<MergedAdapter> adapters,
        List<MergedParameter> parameters,
        Optional<MergeLogits> logits,
        List<String> notes,
        List<String> warnings) {
    /** Copies the lists. */
    public MergeEvidence {
        adapters = List.copyOf(adapters);
        parameters = List.copyOf(parameters);
        notes = List.copyOf(notes);
        warnings = List.copyOf(warnings);
    }

    /** Whether merged weights do what base and adapters do apart. */
    public boolean pass() {
        return parameters.stream().allMatch(MergedParameter::pass)
                && logits.map(MergeLogits::pass).orElse(true);
    }

    /** As {@code report.json} has it, under {@code lora}. */
    public JsonObject toJson() {
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("pass", JsonValue.of(pass()))
                        .with(
                                "adapters",
                                new JsonArray(
                                        adapters.stream()
                                                .<JsonValue>map(MergedAdapter::toJson)
                                                .toList()))
                        .with("notes", JsonValue.of(notes))
                        .with("warnings", JsonValue.of(warnings))
                        .with(
                                "modules",
                                new JsonArray(
                                        parameters.stream()
                                                .<JsonValue>map(MergedParameter::toJson)
                                                .toList()));
        return logits.map(l -> json.with("logits", l.toJson())).orElse(json);
    }
}
