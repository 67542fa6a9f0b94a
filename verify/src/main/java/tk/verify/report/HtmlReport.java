package tk.verify.report;

import tk.verify.Evidence;
import tk.verify.GateResult;
import tk.verify.KlDivergence;
import tk.verify.LogitStatistics;
import tk.verify.Numbers;
import tk.verify.Perplexity;
import tk.verify.Subject;
import tk.verify.Tolerances;
import tk.verify.Verification;
import tk.verify.adapter.MergeEvidence;
import tk.verify.weights.TensorDifference;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * {@code report.html}: one file, no script, nothing loaded from elsewhere; the verdict first, then
 * the evidence. For a phone as for a desk, light and dark as the reader's system is.
 */
public final class HtmlReport {
    private static final int TENSORS = 12;
    private static final int MISMATCHES = 20;

    private final Verification verification;
    private final Evidence evidence;
    private final Optional<MergeEvidence> merge;
    private final Html html = new Html();

    private HtmlReport(Verification verification, Optional<MergeEvidence> merge) {
        this.verification = verification;
        this.merge = merge;
        this.evidence = verification.evidence();
    }

    /** The page. */
    public static String of(Verification verification) {
        return of(verification, Optional.empty());
    }

    /**
     * The page.
     *
     * @param merge what is known of the adapters that the source holds
     */
    public static String of(Verification verification, Optional<MergeEvidence> merge) {
        HtmlReport report = new HtmlReport(verification, merge);
        report.page();
        return report.html.toString();
    }

    private void page() {
        html.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        // Nothing in the page may load or run anything, whatever a model's name contains.
        html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"");
        html.raw("default-src 'none'; style-src 'unsafe-inline'\">");
        html.raw("<meta name=\"color-scheme\" content=\"light dark\"><title>");
        html.text(verdict() + " · " + name(verification.candidate())).raw("</title><style>");
        html.raw(style()).raw("</style></head><body>\n");
        header();
        if (verification.tolerances().loosened()) loosened();
        gates();
        merge.ifPresent(m -> MergeSection.add(html, m));
        evidence.logits().ifPresent(this::logits);
        evidence.perplexity().ifPresent(this::text);
        worst();
        tensors();
        tokens();
        continuations();
        size();
        files();
        html.raw("<footer>Made by tk verify. Nothing in this page is loaded from elsewhere.");
        html.raw("</footer></body></html>\n");
    }

    private String verdict() {
        return verification.pass() ? "PASS" : "FAIL";
    }

    private void header() {
        html.raw("<header class=\"" + (verification.pass() ? "pass" : "fail") + "\">");
        html.element("p", "verdict", verdict());
        html.raw("<h1>").text(name(verification.candidate())).raw("</h1><p>");
        if (verification.pass()) {
            html.text("is the same model as ").element("code", "", name(verification.reference()));
            html.text(", within the limits of " + basis(verification.tolerances()) + ".");
        } else {
            List<String> failed =
                    verification.gates().stream()
                            .filter(gate -> !gate.pass())
                            .map(gate -> gate.gate().label())
                            .toList();
            html.text("is not the same model as ");
            html.element("code", "", name(verification.reference()));
            html.text(": " + String.join(", ", failed) + " failed. Nothing was packaged.");
        }
        html.raw("</p></header>\n");
    }

    private static String basis(Tolerances tolerances) {
        return tolerances.basis().equals("exact") ? "exact values" : tolerances.basis();
    }

    private void loosened() {
        html.raw("<section class=\"warn\"><strong>Loosened.</strong> ");
        html.text("The user allowed a larger divergence than the type's own limit: ");
        html.text(Numbers.three(verification.tolerances().maxKld()) + " nats.");
        html.raw("</section>\n");
    }

    private void gates() {
        html.raw("<section><h2>Gates</h2>");
        for (GateResult gate : verification.gates()) {
            html.raw("<div class=\"gate\"><span class=\"mark ");
            html.raw(gate.pass() ? "ok\">✓" : "no\">✗").raw("</span>");
            html.element("span", "name", gate.gate().label());
            html.element("p", gate.pass() ? "soft" : "", gate.detail());
            if (gate.failures().size() > 1) list("what failed", gate.failures());
            if (!gate.notes().isEmpty()) list("to know", gate.notes());
            html.raw("</div>");
        }
        html.raw("</section>\n");
    }

    private void list(String title, List<String> lines) {
        html.raw("<details><summary>")
                .text("%s (%d)".formatted(title, lines.size()))
                .raw("</summary><ul>");
        for (String line : lines) html.element("li", "", line);
        html.raw("</ul></details>");
    }

    private void logits(LogitStatistics logits) {
        Tolerances limits = verification.tolerances();
        html.raw("<section><h2>Logits</h2>");
        html.element(
                "p",
                "soft",
                "The same tokens through the same forward pass, "
                        + Numbers.whole(logits.positions())
                        + " positions; how far the candidate's distribution of the next token is"
                        + " from the source's.");
        html.raw(
                "<table><tr><th>figure</th><th class=\"n\">found</th><th class=\"n\">limit</th></tr>");
        figure(
                "KL divergence, mean",
                Numbers.three(logits.kl().mean()),
                Numbers.three(limits.maxKld()));
        figure("KL divergence, 99 %", Numbers.three(logits.kl().quantile(0.99)), "");
        figure("KL divergence, largest", Numbers.three(logits.kl().max()), "");
        String top1 =
                limits.minTop1().isPresent() ? Numbers.percent(limits.minTop1().getAsDouble()) : "";
        figure("same likeliest token", Numbers.percent(logits.top1Agreement()), top1);
        figure("same five likeliest", Numbers.percent(logits.top5Agreement()), "");
        figure(
                "nats lost by its choices",
                Numbers.three(logits.regret()),
                Numbers.three(limits.maxRegret()));
        figure(
                "normalised square error",
                Numbers.three(logits.nmse()),
                Numbers.three(limits.maxNmse()));
        figure("largest difference", Numbers.three(logits.maxAbs()), "");
        if (logits.added().max() > 0) {
            figure(
                    "nats a token for added tokens",
                    Numbers.three(logits.added().mean()),
                    Numbers.three(limits.maxAddedNats()));
            figure("the same, worst position", Numbers.three(logits.added().max()), "");
        }
        if (logits.nonFinite() > 0) {
            figure("positions with NaN or infinity", Numbers.whole(logits.nonFinite()), "0");
        }
        html.raw("</table>");
        if (logits.kl().count() > 0) html.raw(KlChart.of(logits.kl(), limits.maxKld()));
        html.raw("</section>\n");
    }

    private void text(KlDivergence text) {
        html.raw("<section><h2>The user's text</h2>");
        html.element(
                "p",
                "soft",
                "By llama-perplexity's method, so that the numbers compare: %s predictions in %s chunks."
                        .formatted(
                                Numbers.whole(text.reference().scored()),
                                Numbers.whole(text.reference().chunks())));
        html.raw("<table>");
        row("perplexity of the source", perplexity(text.reference()));
        row("perplexity of the candidate", perplexity(text.candidate()));
        row("perplexity of the source in 16 bits, as below", perplexity(text.base()));
        row(
                "ln of the candidate's over that",
                Numbers.three(text.logRatio()) + " ± " + Numbers.three(text.logRatioUncertainty()));
        row(
                "KL divergence, mean",
                Numbers.three(text.divergence().mean())
                        + " ± "
                        + Numbers.three(text.divergenceUncertainty()));
        row("KL divergence, median", Numbers.three(text.divergence().quantile(0.5)));
        row("KL divergence, 99 %", Numbers.three(text.divergence().quantile(0.99)));
        row("KL divergence, largest", Numbers.three(text.divergence().max()));
        row("same likeliest token", Numbers.percent(text.sameTop()));
        html.raw("</table></section>\n");
    }

    private static String perplexity(Perplexity perplexity) {
        return "%s ± %s"
                .formatted(
                        Numbers.fixed(perplexity.value(), 4),
                        Numbers.fixed(perplexity.uncertainty(), 4));
    }

    private void figure(String name, String found, String limit) {
        html.raw("<tr><td>").text(name).raw("</td><td class=\"n\">").text(found);
        html.raw("</td><td class=\"n soft\">").text(limit).raw("</td></tr>");
    }

    private void worst() {
        if (evidence.worst().isEmpty()) return;
        html.raw("<section><h2>Where they differ most</h2><table class=\"wide\"><tr>");
        html.raw(
                "<th>after this text</th><th>source</th><th>candidate</th><th class=\"n\">nats</th></tr>");
        for (Evidence.WorstToken token : evidence.worst()) {
            html.raw("<tr><td>").model(token.before());
            html.raw("</td><td data-label=\"source\">").token(token.expected());
            html.raw("</td><td data-label=\"candidate\">").token(token.found());
            html.raw("</td><td class=\"n\" data-label=\"nats\">");
            html.text(Numbers.three(token.kl())).raw("</td></tr>");
        }
        html.raw("</table></section>\n");
    }

    private void tensors() {
        List<TensorDifference> tensors = evidence.tensors();
        if (tensors.isEmpty()) return;
        html.raw("<section><h2>Weights</h2>");
        List<TensorDifference> changed =
                tensors.stream()
                        .filter(tensor -> !tensor.isExact())
                        .sorted(Comparator.comparingDouble(TensorDifference::nmse).reversed())
                        .toList();
        if (changed.isEmpty()) {
            html.element(
                    "p",
                    "",
                    "Every value of all %d weights is the source's.".formatted(tensors.size()));
            html.raw("</section>\n");
            return;
        }
        html.element(
                "p",
                "soft",
                "Normalised square error of each weight after its names and its order of rows are undone. %d of %d weights hold exactly the source's values."
                        .formatted(tensors.size() - changed.size(), tensors.size()));
        LayerMap.add(html, tensors);
        html.raw("<details><summary>the weights that differ most</summary>");
        html.raw("<table class=\"wide\"><tr><th>weight</th><th>type</th><th class=\"n\">nmse</th>");
        html.raw("<th class=\"n\">rmse</th><th class=\"n\">largest</th></tr>");
        for (TensorDifference tensor : changed.subList(0, Math.min(TENSORS, changed.size()))) {
            html.raw("<tr><td>").element("code", "", tensor.name());
            html.raw("</td><td data-label=\"type\">").text(tensor.from() + " → " + tensor.to());
            number("nmse", tensor.nmse());
            number("rmse", tensor.rmse());
            number("largest", tensor.maxAbs());
            html.raw("</td></tr>");
        }
        html.raw("</table></details></section>\n");
    }

    private void number(String label, double value) {
        html.raw("</td><td class=\"n\" data-label=\"" + label + "\">").text(Numbers.three(value));
    }

    private void tokens() {
        List<Evidence.Mismatch> mismatches = evidence.tokens().mismatches();
        if (mismatches.isEmpty()) return;
        html.raw("<section><h2>Texts that became other tokens</h2><table class=\"wide\"><tr>");
        html.raw("<th>text</th><th>source</th><th>candidate</th></tr>");
        for (Evidence.Mismatch mismatch :
                mismatches.subList(0, Math.min(MISMATCHES, mismatches.size()))) {
            html.raw("<tr><td>").model(mismatch.text());
            html.raw("</td><td data-label=\"source\">")
                    .element("code", "", ids(mismatch.expected()));
            html.raw("</td><td data-label=\"candidate\">")
                    .element("code", "", ids(mismatch.found()));
            html.raw("</td></tr>");
        }
        html.raw("</table></section>\n");
    }

    private static String ids(List<Integer> ids) {
        if (ids.size() <= 24) return ids.toString();
        return ids.subList(0, 24).toString().replace("]", ", …]");
    }

    private void continuations() {
        if (evidence.continuations().isEmpty()) return;
        html.raw("<section><h2>What they write</h2>");
        for (Evidence.Continuation text : evidence.continuations()) {
            html.raw("<div class=\"gate\"><p>").model(text.prompt()).raw("</p><table>");
            html.raw("<tr><th>source</th><td>").model(text.reference()).raw("</td></tr>");
            html.raw("<tr><th>candidate</th><td>").model(text.candidate()).raw("</td></tr>");
            html.raw("</table><p class=\"soft\">");
            html.text(
                    text.agreed() == text.length()
                            ? "The same %d tokens.".formatted(text.length())
                            : "The same first %d of %d tokens."
                                    .formatted(text.agreed(), text.length()));
            html.raw("</p></div>");
        }
        html.raw("</section>\n");
    }

    private void size() {
        html.raw("<section><h2>Size</h2><table>");
        row("source", Numbers.bytes(verification.reference().bytes()));
        row("candidate", Numbers.bytes(verification.candidate().bytes()));
        if (evidence.parameters() > 0) {
            row("parameters", Numbers.whole(evidence.parameters()));
            double bits = 8.0 * verification.candidate().bytes() / evidence.parameters();
            row("bits per weight", Numbers.three(bits));
        }
        Map<String, Integer> types = new TreeMap<>();
        for (TensorDifference tensor : evidence.tensors()) {
            types.merge(tensor.to().name(), 1, Integer::sum);
        }
        if (!types.isEmpty()) {
            row(
                    "types",
                    String.join(
                            ", ",
                            types.entrySet().stream()
                                    .map(type -> type.getKey() + " × " + type.getValue())
                                    .toList()));
        }
        html.raw("</table></section>\n");
    }

    private void row(String name, String value) {
        html.raw("<tr><th>").text(name).raw("</th><td>").text(value).raw("</td></tr>");
    }

    private void files() {
        html.raw("<section><h2>Files</h2>");
        subject("source", verification.reference());
        subject("candidate", verification.candidate());
        html.raw("</section>\n");
    }

    private void subject(String role, Subject subject) {
        html.raw("<p><strong>").text(role).raw("</strong> ");
        html.element("code", "", subject.path().toString()).raw("<br><span class=\"soft\">sha256 ");
        html.element("code", "", subject.sha256()).raw("</span></p>");
        if (subject.parts().size() > 1) {
            html.raw("<details><summary>").text(subject.parts().size() + " files");
            html.raw("</summary><ul>");
            for (Subject.Part part : subject.parts()) {
                html.raw("<li>").element("code", "", part.name()).raw(" ");
                html.element("span", "soft", Numbers.bytes(part.bytes())).raw("<br>");
                html.element("code", "soft", part.sha256()).raw("</li>");
            }
            html.raw("</ul></details>");
        }
    }

    private static String name(Subject subject) {
        Path name = subject.path().getFileName();
        return name == null ? subject.path().toString() : name.toString();
    }

    private static String style() {
        try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
            if (in == null) throw new IllegalStateException("no report.css");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
