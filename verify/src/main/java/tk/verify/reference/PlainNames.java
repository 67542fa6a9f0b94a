package tk.verify.reference;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The names of a checkpoint as the model itself gives them, without what stands before them where
 * it was trained as a part of something else: {@code model.model.layers…} of a Lightning module,
 * {@code net.layers…}.
 *
 * <p>The embedding's name tells what that is, for it is the first of all models. torchtune's names
 * become Meta's here, whose row order they share.
 */
final class PlainNames {
    private static final List<String> EMBEDDINGS =
            List.of("model.embed_tokens.weight", "embed_tokens.weight", "tok_embeddings.weight");

    /** What torchtune calls Meta's weights, {@code layers.N.} before them but for the last. */
    private static final Map<String, String> TORCHTUNE =
            Map.ofEntries(
                    Map.entry("sa_norm.scale", "attention_norm.weight"),
                    Map.entry("attn.q_proj.weight", "attention.wq.weight"),
                    Map.entry("attn.k_proj.weight", "attention.wk.weight"),
                    Map.entry("attn.v_proj.weight", "attention.wv.weight"),
                    Map.entry("attn.output_proj.weight", "attention.wo.weight"),
                    Map.entry("mlp_norm.scale", "ffn_norm.weight"),
                    Map.entry("mlp.w1.weight", "feed_forward.w1.weight"),
                    Map.entry("mlp.w2.weight", "feed_forward.w2.weight"),
                    Map.entry("mlp.w3.weight", "feed_forward.w3.weight"),
                    Map.entry("norm.scale", "norm.weight"));

    private PlainNames() {}

    /** The same tensors; those whose plain name would be another's keep their own. */
    static Checkpoint of(Checkpoint checkpoint) {
        Set<String> names = checkpoint.tensors().keySet();
        String prefix = prefix(names).orElse("");
        boolean torchtune = names.contains(prefix + "norm.scale");
        if (prefix.isEmpty() && !torchtune) return checkpoint;
        List<Tensor> tensors = new ArrayList<>();
        Set<String> taken = new HashSet<>(names);
        for (Map.Entry<String, Tensor> entry : checkpoint.tensors().entrySet()) {
            String own = entry.getKey();
            String plain = own.startsWith(prefix) ? own.substring(prefix.length()) : own;
            if (torchtune) plain = metas(plain);
            boolean free = plain.equals(own) || (!plain.isEmpty() && taken.add(plain));
            tensors.add(RenamedTensor.of(free ? plain : own, entry.getValue()));
        }
        return TensorMap.replacing(checkpoint, tensors);
    }

    /** What stands before the embedding's name; empty where there are several, or none. */
    private static Optional<String> prefix(Set<String> names) {
        for (String embedding : EMBEDDINGS) {
            if (names.contains(embedding)) return Optional.of("");
            List<String> found =
                    names.stream().filter(name -> name.endsWith("." + embedding)).toList();
            if (found.size() > 1) return Optional.empty();
            if (found.size() == 1) {
                String name = found.getFirst();
                return Optional.of(name.substring(0, name.length() - embedding.length()));
            }
        }
        return Optional.empty();
    }

    private static String metas(String name) {
        int layer = name.startsWith("layers.") ? name.indexOf('.', "layers.".length()) + 1 : 0;
        String own = name.substring(layer);
        return name.substring(0, layer) + TORCHTUNE.getOrDefault(own, own);
    }
}
