package tk.hf;

import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The order in which transformers lists the tensors of a LLaMA-like model: that of its modules, as
 * they are defined. Sharding goes by it.
 */
final class StateDictOrder {
    private static final Pattern LAYER =
            Pattern.compile("model\\.layers\\.(\\d{1,9})\\.(.+)\\.(weight|bias)");

    private static final List<String> MODULES =
            List.of(
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.o_proj",
                    "self_attn.q_norm",
                    "self_attn.k_norm",
                    "mlp.gate_proj",
                    "mlp.up_proj",
                    "mlp.down_proj",
                    "input_layernorm",
                    "post_attention_layernorm");

    private static final List<String> OUTSIDE =
            List.of("model.embed_tokens.weight", "model.norm.weight", "lm_head.weight");

    private StateDictOrder() {}

    /**
     * Where a tensor comes.
     *
     * @param part 0: embedding, 1: layers, 2: final norm, 3: head, 4: anything else
     */
    private record Place(int part, int layer, int module, int parameter) {
        static final Comparator<Place> ORDER =
                Comparator.comparingInt(Place::part)
                        .thenComparingInt(Place::layer)
                        .thenComparingInt(Place::module)
                        .thenComparingInt(Place::parameter);
    }

    /** The tensors in that order; what the model does not know comes last, as it came. */
    static List<Tensor> sorted(Collection<Tensor> tensors) {
        Map<Tensor, Place> places = new HashMap<>();
        for (Tensor tensor : tensors) places.put(tensor, place(tensor.info().name()));
        List<Tensor> sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparing(places::get, Place.ORDER));
        return sorted;
    }

    private static Place place(String name) {
        int outside = OUTSIDE.indexOf(name);
        if (outside >= 0) return new Place(outside == 0 ? 0 : outside + 1, 0, 0, 0);
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) return new Place(4, 0, 0, 0);
        int module = MODULES.indexOf(layer.group(2));
        return new Place(
                1,
                Integer.parseInt(layer.group(1)),
                module < 0 ? MODULES.size() : module,
                layer.group(3).equals("weight") ? 0 : 1);
    }
}
