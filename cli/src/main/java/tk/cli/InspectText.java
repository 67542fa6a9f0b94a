package tk.cli;

import tk.hf.ConfigInference;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.model.ModelSummary;
import tk.tensor.Tensor;
import tk.torch.PickleAudit;

import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** The facts of {@code tk inspect}, for people. */
final class InspectText {
    /** A list of metadata longer than this is told by its length alone. */
    private static final int LONGEST_LIST = 16;

    private static final int LONGEST_LINE = 100;

    private InspectText() {}

    /**
     * A line a fact.
     *
     * @param json the same facts, with each tensor's hash and statistics where they were asked for
     * @param rows whether to list the tensors
     */
    static String of(ModelSummary summary, JsonObject json, boolean rows) {
        StringBuilder out = new StringBuilder();
        out.append(line("format", summary.format()));
        out.append(line("architecture", summary.architecture().orElse("not said")));
        summary.inferred().ifPresent(shapes -> out.append(line("by its shapes", describe(shapes))));
        TreeMap<String, Integer> types = new TreeMap<>();
        for (Tensor tensor : summary.tensors())
            types.merge(tensor.info().dtype().name(), 1, Integer::sum);
        out.append(
                line(
                        "tensors",
                        String.format(
                                Locale.ROOT,
                                "%s (%s values, %s): %s",
                                Sizes.count(summary.tensors().size()),
                                Sizes.count(summary.parameters()),
                                Sizes.bytes(summary.bytes()),
                                types)));
        summary.tokenizer()
                .ifPresent(
                        tokenizer ->
                                tokenizer
                                        .json()
                                        .members()
                                        .forEach(
                                                (k, v) ->
                                                        out.append(
                                                                line("tokenizer " + k, plain(v)))));
        summary.metadata().members().forEach((k, v) -> out.append(line(k, plain(v))));
        summary.config()
                .ifPresent(
                        config ->
                                config.members()
                                        .forEach(
                                                (k, v) ->
                                                        out.append(line("config " + k, plain(v)))));
        summary.problems().forEach(problem -> out.append(line("problem", problem)));
        if (rows) {
            for (JsonValue tensor : json.array("tensors").orElseThrow().items())
                out.append(row((JsonObject) tensor)).append(System.lineSeparator());
        }
        return Console.printable(out.toString().stripTrailing());
    }

    private static String describe(ConfigInference shapes) {
        return String.format(
                Locale.ROOT,
                "vocabulary %d, hidden %d, %d layers, feed-forward %d, queries %d, keys %d",
                shapes.vocab(),
                shapes.hidden(),
                shapes.layers(),
                shapes.feedForward(),
                shapes.query(),
                shapes.keyValue());
    }

    /** What a pickle looks up. */
    static String row(PickleAudit.Lookup lookup) {
        return String.format(
                        Locale.ROOT,
                        "  %-8s %s.%s%s%s  (%s, byte %d)",
                        lookup.allowed() ? "" : "REFUSED",
                        lookup.module(),
                        lookup.name(),
                        lookup.calls() > 0 ? " called " + lookup.calls() + " x" : "",
                        lookup.example().isEmpty() ? "" : ", first with " + lookup.example(),
                        lookup.pickle(),
                        lookup.offset())
                .stripTrailing();
    }

    private static String row(JsonObject tensor) {
        StringBuilder row =
                new StringBuilder(
                        String.format(
                                Locale.ROOT,
                                "%-48s %-8s %s",
                                tensor.string("name").orElse(""),
                                tensor.string("dtype").orElse(""),
                                tensor.get("shape").map(InspectText::plain).orElse("")));
        tensor.string("sha256").ifPresent(hash -> row.append("  ").append(hash));
        tensor.object("stats").ifPresent(stats -> row.append("  ").append(plain(stats)));
        tensor.string("problem").ifPresent(problem -> row.append("  ").append(problem));
        return row.toString();
    }

    private static String plain(JsonValue value) {
        if (value instanceof JsonString(String text)) return text;
        if (value instanceof JsonArray(List<JsonValue> items) && items.size() > LONGEST_LIST)
            return items.size() + " values";
        return JsonText.COMPACT.write(value);
    }

    private static String line(String key, String value) {
        String oneLine = value.replace('\n', ' ');
        String shown =
                oneLine.length() <= LONGEST_LINE
                        ? oneLine
                        : oneLine.substring(0, LONGEST_LINE - 3) + "...";
        return String.format(Locale.ROOT, "%-36s %s%n", key, shown);
    }
}
