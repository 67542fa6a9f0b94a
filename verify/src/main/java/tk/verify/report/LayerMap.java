package tk.verify.report;

import tk.verify.weights.TensorDifference;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.SequencedSet;
import java.util.TreeMap;

/** How much each weight of each layer differs: a cell a tensor, the darker the more. */
final class LayerMap {
    /** Normalised errors at which a cell is blank and at which it is darkest. */
    private static final double BLANK = 1e-6;

    private static final double DARKEST = 1;

    private LayerMap() {}

    static void add(Html html, List<TensorDifference> tensors) {
        SequencedSet<String> parts = new LinkedHashSet<>();
        TreeMap<Integer, TreeMap<String, TensorDifference>> layers = new TreeMap<>();
        for (TensorDifference tensor : tensors) {
            if (tensor.layer() < 0) continue;
            parts.add(tensor.part());
            layers.computeIfAbsent(tensor.layer(), layer -> new TreeMap<>())
                    .put(tensor.part(), tensor);
        }
        // What nobody changed needs no column.
        parts.removeIf(
                part ->
                        layers.values().stream()
                                .allMatch(
                                        layer -> {
                                            TensorDifference tensor = layer.get(part);
                                            return tensor == null || isUnchanged(tensor);
                                        }));
        if (parts.isEmpty()) return;
        html.raw("<div class=\"scroll\"><table class=\"heat\"><tr><th>layer</th>");
        for (String part : parts) html.element("th", "", part);
        html.raw("</tr>");
        layers.forEach(
                (layer, row) -> {
                    html.raw("<tr><th>" + layer + "</th>");
                    for (String part : parts) cell(html, row.get(part));
                    html.raw("</tr>");
                });
        html.raw("</table></div>");
    }

    private static boolean isUnchanged(TensorDifference tensor) {
        return tensor.isExact() && tensor.failure().isEmpty();
    }

    private static void cell(
            Html html, @org.jspecify.annotations.Nullable TensorDifference tensor) {
        if (tensor == null) {
            html.raw("<td class=\"none\"></td>");
            return;
        }
        double share =
                tensor.nmse() <= 0
                        ? 0
                        : Math.log(tensor.nmse() / BLANK) / Math.log(DARKEST / BLANK);
        String kind = tensor.failure().isPresent() ? " class=\"bad\"" : "";
        html.raw(
                String.format(
                        Locale.ROOT,
                        "<td%s style=\"--h:%.2f\" title=\"",
                        kind,
                        0.75 * Math.clamp(share, 0.0, 1.0)));
        html.text("%s, %s".formatted(tensor.name(), tensor.to()));
        html.raw("\">").text(tensor.nmse() == 0 ? "0" : shortest(tensor.nmse())).raw("</td>");
    }

    /** One digit and the exponent: {@code 4e-3}. */
    private static String shortest(double value) {
        return String.format(Locale.ROOT, "%.0e", value).replaceFirst("e([+-])0*(\\d)", "e$1$2");
    }
}
