package tk.verify.difference;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Progress;
import tk.error.TkException;
import tk.gguf.GgufMetadata;
import tk.model.ModelSource;
import tk.tensor.Tasks;
import tk.tensor.Tensor;
import tk.verify.OpenedModel;
import tk.verify.weights.CanonicalWeights;
import tk.verify.weights.Role;
import tk.verify.weights.Role.Part;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/**
 * What differs between two models.
 *
 * <p>Tensors of the same names are compared as they are stored. Where the names are of different
 * formats, tensors are paired by what they are for, and the rows of queries and keys are put into
 * one order first.
 *
 * @param metadata keys that differ
 * @param tensors every pair, in the first model's order
 * @param onlyInA names without a counterpart
 * @param onlyInB likewise
 * @param notes what could not be compared, and why
 */
public record ModelDifference(
        List<MetadataDifference> metadata,
        List<ValueDifference> tensors,
        List<String> onlyInA,
        List<String> onlyInB,
        List<String> notes) {
    /** Copies the lists. */
    public ModelDifference {
        metadata = List.copyOf(metadata);
        tensors = List.copyOf(tensors);
        onlyInA = List.copyOf(onlyInA);
        onlyInB = List.copyOf(onlyInB);
        notes = List.copyOf(notes);
    }

    /** Whether nothing differs but, at most, the types that equal values are stored in. */
    public boolean isEqual() {
        return metadata.isEmpty()
                && onlyInA.isEmpty()
                && onlyInB.isEmpty()
                && tensors.stream().allMatch(ValueDifference::isEqual);
    }

    private record Pair(Tensor a, Tensor b) {}

    /** Compares all metadata and all values; reads both models once. */
    public static ModelDifference of(ModelSource a, ModelSource b, int threads, Progress progress) {
        List<String> notes = new ArrayList<>();
        List<MetadataDifference> metadata = metadata(a, b, notes);
        SequencedMap<String, Tensor> x = a.weights().tensors();
        SequencedMap<String, Tensor> y = b.weights().tensors();
        long shared = x.keySet().stream().filter(y::containsKey).count();
        boolean byName = 2 * shared >= Math.min(x.size(), y.size());
        List<Pair> pairs = new ArrayList<>();
        List<String> onlyInA = new ArrayList<>();
        List<String> onlyInB = new ArrayList<>();
        final Map<String, Tensor> left;
        final Map<String, Tensor> right;
        if (byName) {
            left = x;
            right = y;
        } else {
            left = byRole(a);
            right = byRole(b);
            String head = Role.of(Part.HEAD).toString();
            tie(left, right, head, "A", notes);
            tie(right, left, head, "B", notes);
        }
        left.forEach(
                (key, tensor) -> {
                    Tensor other = right.get(key);
                    if (other == null) onlyInA.add(tensor.info().name());
                    else pairs.add(new Pair(tensor, other));
                });
        right.forEach(
                (key, tensor) -> {
                    if (!left.containsKey(key)) onlyInB.add(tensor.info().name());
                });
        return new ModelDifference(
                metadata, compare(pairs, threads, progress), onlyInA, onlyInB, notes);
    }

    /**
     * Compares the values of the tensors that two checkpoints name alike, in the order of {@code
     * b}.
     */
    public static List<ValueDifference> ofValues(
            Checkpoint a, Checkpoint b, int threads, Progress progress) {
        List<Pair> pairs = new ArrayList<>();
        b.tensors()
                .forEach(
                        (name, tensor) -> {
                            Tensor other = a.tensors().get(name);
                            if (other != null) pairs.add(new Pair(other, tensor));
                        });
        return compare(pairs, threads, progress);
    }

    private static List<MetadataDifference> metadata(
            ModelSource a, ModelSource b, List<String> notes) {
        Optional<GgufMetadata> x = a.gguf();
        Optional<GgufMetadata> y = b.gguf();
        if (x.isPresent() && y.isPresent()) return MetadataDifference.of(x.get(), y.get());
        List<MetadataDifference> found = new ArrayList<>(settings(a, b, notes));
        found.addAll(vocabulary(a, b, notes));
        return found;
    }

    private static List<MetadataDifference> settings(
            ModelSource a, ModelSource b, List<String> notes) {
        boolean folders = a.gguf().isEmpty() && b.gguf().isEmpty();
        if (folders && a.configJson().isPresent() && b.configJson().isPresent())
            return MetadataDifference.of(a.configJson().get(), b.configJson().get());
        try {
            return MetadataDifference.of(
                    OpenedModel.of(a).settings(), OpenedModel.of(b).settings());
        } catch (TkException e) {
            notes.add("the settings are not compared: " + e.getMessage());
            return List.of();
        }
    }

    /** Tokenizers, which are no part of a {@code config.json}. */
    private static List<MetadataDifference> vocabulary(
            ModelSource a, ModelSource b, List<String> notes) {
        try {
            OpenedModel x = OpenedModel.of(a);
            OpenedModel y = OpenedModel.of(b);
            if (x.hasVocabulary() && y.hasVocabulary()) {
                return MetadataDifference.of(x.vocabulary(), y.vocabulary());
            }
            if (x.hasVocabulary() != y.hasVocabulary()) {
                notes.add(
                        "the vocabularies are not compared: %s has none"
                                .formatted(x.hasVocabulary() ? "B" : "A"));
            }
        } catch (TkException e) {
            notes.add("the vocabularies are not compared: " + e.getMessage());
        }
        return List.of();
    }

    /** A model without a head of its own uses the embedding: that is what another's is held to. */
    private static void tie(
            Map<String, Tensor> model,
            Map<String, Tensor> other,
            String head,
            String name,
            List<String> notes) {
        Tensor embedding = model.get(Role.of(Part.TOKEN_EMBEDDING).toString());
        if (model.containsKey(head) || !other.containsKey(head) || embedding == null) return;
        model.put(head, embedding);
        notes.add("the head of %s is its embedding".formatted(name));
    }

    /** Tensors under a name of what they are for, or their own where that is nothing known. */
    private static Map<String, Tensor> byRole(ModelSource source) {
        CanonicalWeights weights = OpenedModel.of(source).weights();
        Map<String, Tensor> found = new LinkedHashMap<>();
        Map<Role, Tensor> sorted = new TreeMap<>(weights.tensors());
        sorted.forEach((role, tensor) -> found.put(role.toString(), tensor));
        for (String name : weights.unknown()) {
            Tensor tensor = source.weights().tensors().get(name);
            if (tensor != null) found.put(name, tensor);
        }
        return found;
    }

    private static List<ValueDifference> compare(List<Pair> pairs, int threads, Progress progress) {
        progress.stage(
                "comparing tensors", pairs.stream().mapToLong(p -> p.a().info().byteSize()).sum());
        List<Callable<ValueDifference>> tasks = new ArrayList<>();
        for (Pair pair : pairs) {
            tasks.add(
                    () -> {
                        ValueDifference difference = ValueDifference.of(pair.a(), pair.b());
                        progress.advance(pair.a().info().byteSize());
                        return difference;
                    });
        }
        return Tasks.run(threads, "tk-diff", tasks);
    }
}
