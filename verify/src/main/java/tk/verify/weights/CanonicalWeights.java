package tk.verify.weights;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.tensor.Tensor;
import tk.verify.weights.Role.Part;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** A checkpoint's weights by what they are for, rows in the order of Hugging Face. Immutable. */
public final class CanonicalWeights {
    private final WeightNames names;
    private final SortedMap<Role, Tensor> tensors;
    private final List<String> unknown;
    private final List<String> ignored;
    private final int heads;
    private final int kvHeads;

    private CanonicalWeights(
            WeightNames names,
            SortedMap<Role, Tensor> tensors,
            List<String> unknown,
            List<String> ignored,
            int heads,
            int kvHeads) {
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.names = names;
        this.tensors = tensors;
        this.unknown = unknown;
        this.ignored = ignored;
    }

    /**
     * The weights of a checkpoint.
     *
     * @param gguf its metadata where it is a GGUF
     * @param heads of the queries
     * @param kvHeads of the keys
     */
    public static CanonicalWeights of(
            Checkpoint checkpoint, Optional<GgufMetadata> gguf, int heads, int kvHeads) {
        WeightNames names =
                gguf.map(metadata -> WeightNames.gguf(order(metadata)))
                        .orElseGet(() -> WeightNames.of(checkpoint.tensors().keySet()));
        SortedMap<Role, Tensor> tensors = new TreeMap<>();
        List<String> unknown = new ArrayList<>();
        List<String> ignored = new ArrayList<>();
        for (Map.Entry<String, Tensor> entry : checkpoint.tensors().entrySet()) {
            String name = entry.getKey();
            Optional<Role> role = names.role(name);
            if (role.isEmpty()) {
                boolean known =
                        Buffers.isBuffer(entry.getValue().info())
                                || (gguf.isPresent() && Buffers.isRopeFactors(name));
                (known ? ignored : unknown).add(name);
                continue;
            }
            Tensor tensor = entry.getValue();
            if (role.get().isRotated() && names.order() != RowOrder.HALVES) {
                int count = role.get().part() == Part.QUERY ? heads : kvHeads;
                tensor = new ReorderedTensor(tensor, names.order(), RowOrder.HALVES, count);
            }
            if (tensors.putIfAbsent(role.get(), tensor) != null) unknown.add(name);
        }
        return new CanonicalWeights(names, tensors, unknown, ignored, heads, kvHeads);
    }

    /** How the checkpoint names its weights. */
    WeightNames names() {
        return names;
    }

    /** By role; without a head of its own where it is tied to the embedding. */
    public SortedMap<Role, Tensor> tensors() {
        return tensors;
    }

    /** Names that stand for nothing in a decoder. */
    public List<String> unknown() {
        return unknown;
    }

    /** Names of what is no weight. */
    List<String> ignored() {
        return ignored;
    }

    /** The tensor for a role with its rows in the order that {@code other}'s checkpoint has. */
    Optional<Tensor> inOrderOf(CanonicalWeights other, Role role) {
        Tensor tensor = role.part() == Part.HEAD ? headFor(role) : tensors.get(role);
        if (tensor == null || !role.isRotated()) return Optional.ofNullable(tensor);
        int count = role.part() == Part.QUERY ? heads : kvHeads;
        RowOrder order = other.names.order();
        if (order == RowOrder.HALVES) return Optional.of(tensor);
        return Optional.of(new ReorderedTensor(tensor, RowOrder.HALVES, order, count));
    }

    private @Nullable Tensor headFor(Role role) {
        return role.bias() ? tensors.get(role) : effectiveHead().orElse(null);
    }

    /** How many rows the embedding has; 0 where there is none. */
    public int vocabulary() {
        Tensor embedding = tensors.get(Role.of(Part.TOKEN_EMBEDDING));
        return embedding == null ? 0 : Math.toIntExact(embedding.info().shape().rows());
    }

    /** How many values all weights have together; a tied head counts once. */
    public long parameters() {
        long sum = 0;
        for (Tensor tensor : tensors.values()) sum += tensor.info().shape().elements();
        return sum;
    }

    /** The head, or the embedding where there is no head of its own. */
    Optional<Tensor> effectiveHead() {
        Tensor head = tensors.get(Role.of(Part.HEAD));
        return Optional.ofNullable(
                head != null ? head : tensors.get(Role.of(Part.TOKEN_EMBEDDING)));
    }

    /** Whether the head is the embedding, there being no other. */
    boolean isHeadAbsent() {
        return !tensors.containsKey(Role.of(Part.HEAD));
    }

    /** llama.cpp's rope type of the architecture: NORM pairs neighbours, NEOX halves. */
    private static RowOrder order(GgufMetadata gguf) {
        String architecture = gguf.string("general.architecture").orElse("");
        return switch (architecture) {
            case "llama" -> RowOrder.PAIRS;
            case "qwen2", "qwen3" -> RowOrder.HALVES;
            default ->
                    throw new UnsupportedException(
                            "GGUF architecture `%s` cannot be verified".formatted(architecture),
                            "Supported: llama (Llama and Mistral), qwen2, qwen3.");
        };
    }
}
