package tk.cli;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.quantize.Quantization;
import tk.quantize.Quantization.Assignment;
import tk.verify.difference.ValueDifference;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What became of each tensor, a line or a JSON object each.
 *
 * @param quantization the plan
 * @param losses by tensor name how far the quantized values are from the source's; empty where
 *     nobody asked
 */
record QuantizationTable(Quantization quantization, Map<String, ValueDifference> losses) {
    /** Without losses. */
    static QuantizationTable of(Quantization quantization) {
        return new QuantizationTable(quantization, Map.of());
    }

    /** With the differences between the source's tensors and the quantized ones. */
    static QuantizationTable of(Quantization quantization, List<ValueDifference> differences) {
        return new QuantizationTable(
                quantization,
                differences.stream().collect(Collectors.toMap(d -> d.b().name(), d -> d)));
    }

    /** As {@code tk quantize --json} tells it. */
    JsonValue tensors() {
        List<JsonValue> tensors = new ArrayList<>();
        for (Assignment a : quantization.assignments()) {
            JsonObject tensor =
                    new JsonObject(new LinkedHashMap<>())
                            .with("name", JsonValue.of(a.info().name()))
                            .with("from", JsonValue.of(a.info().dtype().name()))
                            .with("to", JsonValue.of(a.to().name()))
                            .with("fallback", JsonValue.of(a.fallback()))
                            .with("bitsPerWeight", JsonValue.of(a.to().bitsPerValue()));
            Optional<ValueDifference> loss = Optional.ofNullable(losses.get(a.info().name()));
            if (loss.isPresent()) {
                tensor =
                        tensor.with("rmse", JsonValue.of(rmse(loss.get())))
                                .with("maxAbs", JsonValue.of(maxAbs(loss.get())));
            }
            tensors.add(tensor);
        }
        return new JsonArray(tensors);
    }

    /** The root of the mean square loss over all weights of tensors that changed their type. */
    double rmse() {
        double squares = 0;
        long values = 0;
        for (Assignment a : quantization.assignments()) {
            ValueDifference loss = losses.get(a.info().name());
            if (loss == null || a.to() == a.info().dtype()) continue;
            long elements = a.info().shape().elements();
            squares += rmse(loss) * rmse(loss) * elements;
            values += elements;
        }
        return values == 0 ? 0 : Math.sqrt(squares / values);
    }

    /**
     * The tensors that got another type than the one asked for, a line each; empty where there are
     * none.
     */
    List<String> fallbacks() {
        return quantization.assignments().stream()
                .filter(Assignment::fallback)
                .map(
                        a ->
                                "%s: rows of %d values cannot be %s, so %s"
                                        .formatted(
                                                a.info().name(),
                                                a.info().shape().columns(),
                                                a.wanted(),
                                                a.to()))
                .toList();
    }

    /** For people: name, shape, from, to, bits a weight, and the losses where they are known. */
    String text() {
        int names = width(a -> a.info().name());
        int shapes = width(a -> a.info().shape().toString());
        StringBuilder out = new StringBuilder();
        for (Assignment a : quantization.assignments()) {
            String line =
                    String.format(
                            Locale.ROOT,
                            "%-" + names + "s  %-" + shapes + "s %6s -> %-6s %6.2f bpw%s%s",
                            a.info().name(),
                            a.info().shape(),
                            a.info().dtype(),
                            a.to(),
                            a.to().bitsPerValue(),
                            loss(a),
                            a.fallback() ? "  (wanted " + a.wanted() + ")" : "");
            out.append(line).append('\n');
        }
        return out.toString().stripTrailing();
    }

    private int width(Function<Assignment, String> cell) {
        return quantization.assignments().stream()
                .mapToInt(a -> cell.apply(a).length())
                .max()
                .orElse(1);
    }

    private String loss(Assignment assignment) {
        ValueDifference loss = losses.get(assignment.info().name());
        if (loss == null) return "";
        return String.format(Locale.ROOT, "  RMSE %9.3g  max %9.3g", rmse(loss), maxAbs(loss));
    }

    private static double rmse(ValueDifference loss) {
        return loss.rmse().orElse(0);
    }

    private static double maxAbs(ValueDifference loss) {
        return loss.maxAbs().orElse(0);
    }
}
