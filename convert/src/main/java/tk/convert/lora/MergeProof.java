package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;
import static tk.convert.lora.BaseModules.WEIGHT;

import tk.checkpoint.Checkpoint;
import tk.error.MalformedException;
import tk.error.VerificationException;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Whether merged weights do what base and adapters do apart: every parameter that an adapter
 * touches is probed with random vectors, in double precision and by arithmetic of its own.
 *
 * @param merge what was merged
 * @param modules every parameter that an adapter touches
 */
public record MergeProof(Merge merge, List<ModuleProof> modules) {
    /** Below this a merge is as good as none. */
    private static final double HARDLY = 1e-6;

    private static final int SHOWN = 8;

    /** Copies the list. */
    public MergeProof {
        modules = List.copyOf(modules);
    }

    /**
     * Probes every parameter that an adapter touches.
     *
     * @param result what is to be proven, under Hugging Face's names: the merge's own weights, or
     *     what was read back after they were written; a tied head may be left out
     */
    public static MergeProof of(Merge merge, Checkpoint result) {
        Set<String> touched = new LinkedHashSet<>();
        for (Merge.Step step : merge.steps()) {
            AdapterPlan plan = step.plan();
            touched.addAll(plan.underFactors().keySet());
            touched.addAll(plan.saved().keySet());
            plan.lowRank()
                    .forEach(
                            (module, low) -> {
                                touched.add(module + WEIGHT);
                                if (low.outputBias().isPresent()) touched.add(module + BIAS);
                            });
            plan.rows().keySet().forEach(module -> touched.add(module + WEIGHT));
        }
        boolean tied = !merge.merged().weights().tensors().containsKey(HEAD + WEIGHT);
        Set<String> stored = new LinkedHashSet<>();
        for (String name : touched) {
            stored.add(tied && name.equals(HEAD + WEIGHT) ? EMBEDDING + WEIGHT : name);
        }
        List<ModuleProof> modules =
                stored.parallelStream()
                        .map(name -> new Probe(merge, name, found(result, name)).run())
                        .toList();
        return new MergeProof(merge, modules);
    }

    private static Tensor found(Checkpoint result, String name) {
        Tensor tensor = result.tensors().get(name);
        if (tensor != null) return tensor;
        // Written once where it equals the embedding.
        return Objects.requireNonNull(
                name.equals(HEAD + WEIGHT) ? result.tensors().get(EMBEDDING + WEIGHT) : null, name);
    }

    /** Whether every parameter is within what rounding explains. */
    public boolean pass() {
        return modules.stream().allMatch(ModuleProof::pass);
    }

    /** The farthest that a parameter moved. */
    public double moved() {
        return modules.stream().mapToDouble(ModuleProof::moved).max().orElse(0);
    }

    /** The largest error there is. */
    public double error() {
        return modules.stream().mapToDouble(ModuleProof::error).max().orElse(0);
    }

    /**
     * Stops where the merge does not do what it should.
     *
     * @throws VerificationException where a parameter differs by more than rounding
     * @throws MalformedException where nothing changed
     */
    public void require() {
        Optional<ModuleProof> wrong =
                modules.stream()
                        .filter(m -> !m.pass())
                        .max(Comparator.comparingDouble(ModuleProof::error));
        if (wrong.isPresent()) {
            throw new VerificationException(
                    "`%s`: merged and unmerged differ by %s, rounding explains %s"
                            .formatted(
                                    wrong.get().name(),
                                    figure(wrong.get().error()),
                                    figure(wrong.get().limit())),
                    "The base holds values that its type cannot take the adapter in: use f32.");
        }
        Optional<AdapterPlan> nothing =
                merge.steps().stream()
                        .map(Merge.Step::plan)
                        // Of one among several the parameters don't tell that it did nothing.
                        .filter(plan -> moved() == 0 || merge.steps().size() > 1 && plan.isZero())
                        .findFirst();
        if (nothing.isEmpty()) return;
        throw new MalformedException(
                "%s: changes nothing: every value it adds is zero"
                        .formatted(nothing.get().adapter().file()),
                "It was saved before it was trained: take a later checkpoint.");
    }

    /** What a person should be warned of. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (moved() < HARDLY) {
            warnings.add(
                    "the adapter hardly changes the base: by %s at most: was it trained, and on this base?"
                            .formatted(figure(moved())));
        }
        List<ModuleProof> lost = modules.stream().filter(m -> m.lost() > 0.5).toList();
        if (!lost.isEmpty()) {
            warnings.add(
                    "rounding to the base's type takes away most of what the adapter adds to %d of %d parameters (`%s` first): merge into f32"
                            .formatted(lost.size(), modules.size(), lost.getFirst().name()));
        }
        return warnings;
    }

    /** The proof in a line. */
    public String summary() {
        return "%d parameters: W'x is Wx + s·B(Ax) but for %s at most (rounding: %s); they moved by %s to %s"
                .formatted(
                        modules.size(),
                        figure(error()),
                        figure(modules.stream().mapToDouble(ModuleProof::limit).max().orElse(0)),
                        figure(modules.stream().mapToDouble(ModuleProof::moved).min().orElse(0)),
                        figure(moved()));
    }

    /** The parameters that moved farthest, a line each. */
    public List<String> farthest() {
        return modules.stream()
                .sorted(Comparator.comparingDouble(ModuleProof::moved).reversed())
                .limit(SHOWN)
                .map(
                        m ->
                                String.format(
                                        Locale.ROOT,
                                        "  %-48s moved %-9s error %s",
                                        m.name(),
                                        figure(m.moved()),
                                        figure(m.error())))
                .toList();
    }

    private static String figure(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.2g", value);
    }
}
