package tk.verify.weights;

import tk.checkpoint.Progress;
import tk.tensor.Shape;
import tk.tensor.Tasks;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.verify.weights.Role.Part;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.IntPredicate;

/**
 * Whether a candidate has every weight of the reference, and nothing else.
 *
 * @param tensors every pair that was compared, in the order of the computation
 * @param failures what is missing, what is extra, what has another shape or other values
 * @param notes what a reader should know although nothing is wrong
 */
public record WeightComparison(
        List<TensorDifference> tensors, List<String> failures, List<String> notes) {
    /** Copies the lists. */
    public WeightComparison {
        tensors = List.copyOf(tensors);
        failures = List.copyOf(failures);
        notes = List.copyOf(notes);
    }

    /** Whether every value of every weight is the reference's. */
    public boolean isExact() {
        return tensors.stream().allMatch(TensorDifference::isExact);
    }

    /**
     * How to compare.
     *
     * @param declaredRow whether a row of the embedding and the head that the reference doesn't
     *     have is accounted for by the candidate's vocabulary
     * @param importance whether the candidate was quantized with an importance matrix
     * @param threads how many
     * @param progress told the bytes of the reference that were compared
     */
    public record Options(
            IntPredicate declaredRow, boolean importance, int threads, Progress progress) {}

    /** A weight on both sides. */
    private record Pair(Role role, Tensor source, Tensor target) {}

    /** Compares all values; reads both checkpoints once. */
    public static WeightComparison of(
            CanonicalWeights reference, CanonicalWeights candidate, Options options) {
        List<String> failures = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (String name : reference.unknown()) {
            failures.add("the source's tensor `%s` stands for nothing known".formatted(name));
        }
        for (String name : candidate.unknown()) {
            failures.add("`%s` stands for nothing known".formatted(name));
        }
        List<Pair> pairs = pair(reference, candidate, failures, notes);
        pairs.removeIf(pair -> !comparable(pair, options, failures, notes));
        options.progress()
                .stage(
                        "comparing tensors",
                        pairs.stream().mapToLong(p -> p.source().info().byteSize()).sum());
        List<TensorDifference> tensors = compare(pairs, options);
        for (TensorDifference tensor : tensors) {
            tensor.failure().ifPresent(failures::add);
            tensor.note().ifPresent(note -> notes.add("`%s`: %s".formatted(tensor.name(), note)));
        }
        if (!reference.ignored().isEmpty()) {
            notes.add(
                    "%d tensors of the source are computed from its settings and left out: %s"
                            .formatted(reference.ignored().size(), reference.ignored()));
        }
        return new WeightComparison(tensors, failures, notes);
    }

    private static List<Pair> pair(
            CanonicalWeights reference,
            CanonicalWeights candidate,
            List<String> failures,
            List<String> notes) {
        List<Pair> pairs = new ArrayList<>();
        TreeSet<Role> roles = new TreeSet<>(reference.tensors().keySet());
        roles.addAll(candidate.tensors().keySet());
        for (Role role : roles) {
            Tensor source = reference.tensors().get(role);
            Tensor target = candidate.tensors().get(role);
            if (role.part() == Part.HEAD && !role.bias()) {
                // Without a head of its own a model uses the embedding, on either side.
                if (source == null) source = reference.effectiveHead().orElse(null);
                if (target == null) target = candidate.effectiveHead().orElse(null);
                if (reference.isHeadAbsent()) notes.add("the head is stored beside the embedding");
                if (candidate.isHeadAbsent())
                    notes.add("the head is left out: it is the embedding");
            }
            if (source == null && target != null) {
                failures.add(
                        "`%s` has no counterpart: expected `%s` in the source"
                                .formatted(target.info().name(), reference.names().name(role)));
            } else if (source != null && target == null) {
                failures.add(
                        "`%s` is missing: the source has `%s`"
                                .formatted(candidate.names().name(role), source.info().name()));
            } else if (source != null && target != null) {
                pairs.add(new Pair(role, source, target));
            }
        }
        if (pairs.isEmpty() && failures.isEmpty()) failures.add("there are no weights");
        return pairs;
    }

    /** Whether the shapes agree, but for declared rows at the end of embedding and head. */
    private static boolean comparable(
            Pair pair, Options options, List<String> failures, List<String> notes) {
        TensorInfo source = pair.source().info();
        TensorInfo target = pair.target().info();
        Shape a = source.shape();
        Shape b = target.shape();
        if (a.equals(b)) return true;
        boolean vocabulary =
                pair.role().part() == Part.TOKEN_EMBEDDING || pair.role().part() == Part.HEAD;
        if (vocabulary && a.rank() == 2 && b.rank() == 2 && a.columns() == b.columns()) {
            long undeclared = a.rows();
            while (undeclared < b.rows() && options.declaredRow().test((int) undeclared)) {
                undeclared++;
            }
            if (b.rows() > a.rows() && undeclared == b.rows()) {
                notes.add(
                        "`%s`: %d rows more than the source, all declared by the vocabulary"
                                .formatted(target.name(), b.rows() - a.rows()));
                return true;
            }
        }
        failures.add(
                "`%s` has the shape %s, expected %s as `%s`"
                        .formatted(target.name(), b, a, source.name()));
        return false;
    }

    private static List<TensorDifference> compare(List<Pair> pairs, Options options) {
        List<Callable<TensorDifference>> tasks = new ArrayList<>();
        for (Pair pair : pairs) tasks.add(() -> compare(pair, options));
        return Tasks.run(options.threads(), "tk-verify", tasks);
    }

    private static TensorDifference compare(Pair pair, Options options) {
        TensorDifference difference =
                TensorComparison.compare(
                        pair.source(),
                        pair.target(),
                        pair.source().info().shape().rows(),
                        pair.role(),
                        options.importance());
        options.progress().advance(pair.source().info().byteSize());
        return difference;
    }
}
