package tk.verify.report;

import tk.verify.LogitStatistics;
import tk.verify.Numbers;
import tk.verify.adapter.MergeEvidence;
import tk.verify.adapter.MergeLogits;
import tk.verify.adapter.MergedAdapter;
import tk.verify.adapter.MergedParameter;

import java.util.Comparator;
import java.util.List;

/** The adapters of a page: what was merged, and that it does what it did beside the base. */
final class MergeSection {
    private final Html html;
    private final MergeEvidence merge;

    private MergeSection(Html html, MergeEvidence merge) {
        this.html = html;
        this.merge = merge;
    }

    static void add(Html html, MergeEvidence merge) {
        new MergeSection(html, merge).section();
    }

    private void section() {
        html.raw("<section><h2>Merged adapters</h2>");
        for (MergedAdapter adapter : merge.adapters()) adapter(adapter);
        list("to know", merge.notes());
        for (String warning : merge.warnings()) html.element("p", "warn", warning);
        merge.logits().ifPresent(this::logits);
        parameters();
        html.raw("</section>\n");
    }

    private void adapter(MergedAdapter adapter) {
        html.raw("<p>").element("code", "", adapter.folder().toString()).raw("<br>");
        String kinds = adapter.kinds().isEmpty() ? "" : ", " + String.join(", ", adapter.kinds());
        String scale = adapter.scale() == 1 ? "" : ", scaled by " + Numbers.three(adapter.scale());
        html.text(
                "%d tensors, each used once: %d modules merged, %d parameters replaced%s%s"
                        .formatted(
                                adapter.tensors(),
                                adapter.modules(),
                                adapter.replaced(),
                                scale,
                                kinds));
        html.raw("<br><span class=\"soft\">sha256 ").element("code", "", adapter.sha256());
        html.raw("</span></p>");
    }

    private void list(String title, List<String> lines) {
        if (lines.isEmpty()) return;
        html.raw("<details><summary>").text("%s (%d)".formatted(title, lines.size()));
        html.raw("</summary><ul>");
        for (String line : lines) html.element("li", "", line);
        html.raw("</ul></details>");
    }

    private void logits(MergeLogits logits) {
        html.element(
                "p",
                "soft",
                "%d positions of a text through the base, through the base with the adapters computed beside it, and through the merged model. The last two must agree."
                        .formatted(logits.merged().positions()));
        html.raw("<table><tr><th>the merged model</th><th class=\"n\">to unmerged</th>");
        html.raw("<th class=\"n\">to base</th></tr>");
        LogitStatistics same = logits.merged();
        LogitStatistics moved = logits.moved();
        figure("KL divergence, mean", three(same.kl().mean()), three(moved.kl().mean()));
        figure("normalised square error", three(same.nmse()), three(moved.nmse()));
        figure("largest difference", three(same.maxAbs()), three(moved.maxAbs()));
        figure(
                "same likeliest token",
                Numbers.percent(same.top1Agreement()),
                Numbers.percent(moved.top1Agreement()));
        html.raw("</table>");
        if (logits.shared()) {
            html.element(
                    "p",
                    "warn",
                    "Embedding and head are one matrix: what the adapter adds to one of them beside the base acts on both once it is merged, as in PEFT's merge.");
        }
        html.raw("<table class=\"wide\"><tr><th>after this text</th><th>likeliest token</th>");
        html.raw("<th class=\"n\">base</th><th class=\"n\">unmerged</th>");
        html.raw("<th class=\"n\">merged</th></tr>");
        for (MergeLogits.Shown shown : logits.shown()) {
            html.raw("<tr><td>").model(shown.before());
            html.raw("</td><td data-label=\"likeliest token\">").token(shown.likeliest());
            html.raw("</td>");
            number("base", Numbers.fixed(shown.base(), 4));
            number("unmerged", Numbers.fixed(shown.unmerged(), 4));
            number("merged", Numbers.fixed(shown.merged(), 4));
            html.raw("</tr>");
        }
        html.raw("</table>");
    }

    private void parameters() {
        html.element(
                "p",
                "soft",
                "Every parameter that an adapter touches on random vectors x: how far W′x is from Wx + s·B(Ax), what rounding explains of it, and how far the parameter moved. Of a large one these are some rows, from the first to the last.");
        html.raw("<details><summary>");
        html.text("%d parameters, farthest first".formatted(merge.parameters().size()));
        html.raw("</summary><table class=\"wide\"><tr><th>parameter</th>");
        html.raw("<th class=\"n\">error</th><th class=\"n\">rounding</th>");
        html.raw("<th class=\"n\">moved</th><th class=\"n\">rows</th></tr>");
        merge.parameters().stream()
                .sorted(Comparator.comparingDouble(MergedParameter::moved).reversed())
                .forEach(this::parameter);
        html.raw("</table></details>");
    }

    private void parameter(MergedParameter parameter) {
        html.raw("<tr><td>").element("code", "", parameter.name()).raw("</td>");
        number("error", three(parameter.error()));
        number("rounding", three(parameter.limit()));
        number("moved", three(parameter.moved()));
        number("rows", Long.toString(parameter.rows()));
        html.raw("</tr>");
    }

    private void figure(String name, String same, String moved) {
        html.raw("<tr><td>").text(name).raw("</td><td class=\"n\">").text(same);
        html.raw("</td><td class=\"n soft\">").text(moved).raw("</td></tr>");
    }

    private void number(String label, String value) {
        html.raw("<td class=\"n\" data-label=\"" + label + "\">").text(value).raw("</td>");
    }

    private static String three(double value) {
        return Double.isFinite(value) ? Numbers.three(value) : "∞";
    }
}
