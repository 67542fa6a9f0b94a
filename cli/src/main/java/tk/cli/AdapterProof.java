package tk.cli;

import tk.checkpoint.Sha256;
import tk.convert.lora.AdapterPlan;
import tk.convert.lora.LowRank;
import tk.convert.lora.Merge;
import tk.convert.lora.MergeProof;
import tk.convert.route.LoraMerge;
import tk.model.ModelSource;
import tk.tensor.Tensor;
import tk.verify.Numbers;
import tk.verify.adapter.MergeEvidence;
import tk.verify.adapter.MergeLogits;
import tk.verify.adapter.MergedAdapter;
import tk.verify.adapter.MergedParameter;
import tk.verify.reference.Adaptation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * That a merge does what base and adapters do apart: parameter by parameter, and by what the models
 * say.
 *
 * @param parameters what was probed
 * @param logits what the three models say; empty where nothing is computed but a plan
 */
record AdapterProof(MergeProof parameters, Optional<MergeLogits> logits) {

    /**
     * Proves a merge, and warns of what it did to the base.
     *
     * @param merged the merge's own source, or what was read back after it was written
     * @param planned whether nothing more than a plan is asked for
     * @throws tk.error.TkException where it did something else than it should, or nothing
     */
    static AdapterProof of(
            LoraMerge merge, ModelSource merged, boolean planned, CommonOptions common) {
        MergeProof parameters = MergeProof.of(merge.merge(), merged.weights());
        parameters.require();
        Optional<MergeLogits> logits =
                planned
                        ? Optional.empty()
                        : Optional.of(
                                MergeLogits.of(
                                        merge.base(),
                                        merged,
                                        adaptations(merge.merge()),
                                        common.threads()));
        logits.ifPresent(MergeLogits::require);
        parameters.warnings().forEach(common::warn);
        return new AdapterProof(parameters, logits);
    }

    /** What the adapters do, for the forward pass to compute beside the base. */
    static List<Adaptation> adaptations(Merge merge) {
        return merge.steps().stream().map(AdapterProof::adaptation).toList();
    }

    private static Adaptation adaptation(Merge.Step step) {
        AdapterPlan plan = step.plan();
        Map<String, Tensor> replaced = new LinkedHashMap<>(plan.underFactors());
        replaced.putAll(plan.saved());
        Map<String, Adaptation.Factors> added = new LinkedHashMap<>();
        plan.lowRank().forEach((module, low) -> added.put(module, factors(low, step.scale())));
        Map<String, Adaptation.Rows> rows = new LinkedHashMap<>();
        plan.rows()
                .forEach(
                        (module, own) ->
                                rows.put(module, new Adaptation.Rows(own.values(), own.places())));
        return new Adaptation(replaced, added, rows);
    }

    private static Adaptation.Factors factors(LowRank low, double scale) {
        return new Adaptation.Factors(
                low.a(), low.b(), low.scaling() * scale, low.outputBias(), low.magnitude());
    }

    /** For the reports; reads the adapters' files for their hashes. */
    MergeEvidence evidence() {
        return new MergeEvidence(
                parameters.merge().steps().stream().map(AdapterProof::adapter).toList(),
                parameters.modules().stream()
                        .map(
                                m ->
                                        new MergedParameter(
                                                m.name(), m.error(), m.limit(), m.moved(), m.lost(),
                                                m.rows(), m.pass()))
                        .toList(),
                logits,
                parameters.merge().notes(),
                parameters.warnings());
    }

    private static MergedAdapter adapter(Merge.Step step) {
        AdapterPlan plan = step.plan();
        return new MergedAdapter(
                plan.adapter().folder(),
                Sha256.of(plan.adapter().file()),
                plan.tensors().size(),
                plan.modules(),
                plan.saved().size(),
                step.scale(),
                plan.adapter().config().kinds());
    }

    /** The proof in a line or two. */
    List<String> summary() {
        return Stream.concat(
                        Stream.of(parameters.summary()), logits.stream().map(MergeLogits::summary))
                .toList();
    }

    /** The proof as a result: what was used, what it gives, what the models say side by side. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Merge.Step step : parameters.merge().steps()) {
            lines.add(
                    "%s: %d tensors, each used once: %d modules merged, %d parameters replaced"
                            .formatted(
                                    step.plan().adapter().folder(),
                                    step.plan().tensors().size(),
                                    step.plan().modules(),
                                    step.plan().saved().size()));
        }
        lines.add(parameters.summary());
        lines.addAll(parameters.farthest());
        logits.ifPresent(
                l -> {
                    lines.add(l.summary());
                    lines.add("  logit of the likeliest token      base  unmerged    merged");
                    l.shown().forEach(s -> lines.add(line(s)));
                });
        return lines;
    }

    private static String line(MergeLogits.Shown shown) {
        return String.format(
                Locale.ROOT,
                "  %-28.28s %9s %9s %9s   after `%s`",
                shown.likeliest(),
                Numbers.fixed(shown.base(), 4),
                Numbers.fixed(shown.unmerged(), 4),
                Numbers.fixed(shown.merged(), 4),
                shown.before().replace('\n', ' '));
    }
}
