package tk.verify.weights;

import tk.verify.weights.Role.Part;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a format names the weights of a decoder and orders the rows that RoPE turns.
 *
 * <p>A name is {@code PART.weight} or {@code PART.bias}, inside a layer with the layer's prefix and
 * number before it. Sources: transformers' {@code modeling_llama.py} and {@code modeling_qwen3.py},
 * Meta's {@code model.py}, torchtune's checkpoints, gguf-py's {@code constants.py}.
 *
 * @param format what to call it to a person
 * @param order of the rows of query and key projections
 * @param prefix before all names but the head's
 * @param layer before a layer's number
 * @param parts the names without prefix and suffix
 */
record WeightNames(
        String format, RowOrder order, String prefix, String layer, Map<Part, String> parts) {

    static final WeightNames HUGGING_FACE =
            new WeightNames(
                    "Hugging Face",
                    RowOrder.HALVES,
                    "model.",
                    "layers.",
                    parts(
                            "embed_tokens",
                            "input_layernorm",
                            "self_attn.q_proj",
                            "self_attn.k_proj",
                            "self_attn.v_proj",
                            "self_attn.q_norm",
                            "self_attn.k_norm",
                            "self_attn.o_proj",
                            "post_attention_layernorm",
                            "mlp.gate_proj",
                            "mlp.up_proj",
                            "mlp.down_proj",
                            "norm",
                            "lm_head"));

    static final WeightNames META =
            new WeightNames(
                    "Meta",
                    RowOrder.PAIRS,
                    "",
                    "layers.",
                    parts(
                            "tok_embeddings",
                            "attention_norm",
                            "attention.wq",
                            "attention.wk",
                            "attention.wv",
                            "attention.q_norm",
                            "attention.k_norm",
                            "attention.wo",
                            "ffn_norm",
                            "feed_forward.w1",
                            "feed_forward.w3",
                            "feed_forward.w2",
                            "norm",
                            "output"));

    static final WeightNames TORCHTUNE =
            new WeightNames(
                    "torchtune",
                    RowOrder.PAIRS,
                    "",
                    "layers.",
                    parts(
                            "tok_embeddings",
                            "sa_norm",
                            "attn.q_proj",
                            "attn.k_proj",
                            "attn.v_proj",
                            "attn.q_norm",
                            "attn.k_norm",
                            "attn.output_proj",
                            "mlp_norm",
                            "mlp.w1",
                            "mlp.w3",
                            "mlp.w2",
                            "norm",
                            "output"));

    private static final Pattern NUMBERED = Pattern.compile("(0|[1-9]\\d{0,6})\\.(.+)");

    private static final Map<Part, String> GGUF_PARTS =
            parts(
                    "token_embd",
                    "attn_norm",
                    "attn_q",
                    "attn_k",
                    "attn_v",
                    "attn_q_norm",
                    "attn_k_norm",
                    "attn_output",
                    "ffn_norm",
                    "ffn_gate",
                    "ffn_up",
                    "ffn_down",
                    "output_norm",
                    "output");

    /** GGUF's names; the rope factors are settings and belong to the metadata. */
    static WeightNames gguf(RowOrder order) {
        return new WeightNames("GGUF", order, "", "blk.", GGUF_PARTS);
    }

    /** The format, other than GGUF, that accounts for most of these names; the first of equals. */
    static WeightNames of(Collection<String> names) {
        WeightNames best = HUGGING_FACE;
        long most = -1;
        for (WeightNames candidate : List.of(HUGGING_FACE, META, TORCHTUNE)) {
            WeightNames format = candidate.withPrefixOf(names);
            long known = names.stream().filter(name -> format.role(name).isPresent()).count();
            if (known > most) {
                best = format;
                most = known;
            }
        }
        return best;
    }

    /** With the prefix that the embedding has among these names. */
    private WeightNames withPrefixOf(Collection<String> names) {
        String embedding = parts.get(Part.TOKEN_EMBEDDING) + ".weight";
        for (String name : names) {
            String start = name.substring(0, Math.max(0, name.length() - embedding.length()));
            if (name.endsWith(embedding) && (start.isEmpty() || start.endsWith("."))) {
                return new WeightNames(format, order, start, layer, parts);
            }
        }
        return this;
    }

    /** In the order of {@link Part}. */
    private static Map<Part, String> parts(String... names) {
        Map<Part, String> parts = new EnumMap<>(Part.class);
        int next = 0;
        for (Part part : Part.values()) parts.put(part, names[next++]);
        return parts;
    }

    /** What a tensor of this name is for. */
    Optional<Role> role(String name) {
        // A wrapper's prefix may stand before all names, or before all but the head's.
        for (String start = prefix; ; start = parent(start)) {
            Optional<Role> role = Optional.empty();
            if (name.startsWith(start)) role = bareRole(name.substring(start.length()));
            if (role.isPresent() || start.isEmpty()) return role;
        }
    }

    /** {@code a.b.} of {@code a.b.c.}; nothing of {@code a.}. */
    private static String parent(String start) {
        return start.substring(0, start.lastIndexOf('.', start.length() - 2) + 1);
    }

    private Optional<Role> bareRole(String name) {
        int end = name.lastIndexOf('.');
        if (end < 0) return Optional.empty();
        String kind = name.substring(end + 1);
        boolean bias = kind.equals("bias");
        if (!bias && !kind.equals("weight") && !kind.equals("scale")) return Optional.empty();
        String own = name.substring(0, end);
        int number = -1;
        if (own.startsWith(layer)) {
            Matcher inLayer = NUMBERED.matcher(own.substring(layer.length()));
            if (!inLayer.matches()) return Optional.empty();
            number = Integer.parseInt(inLayer.group(1));
            own = inLayer.group(2);
        }
        for (Map.Entry<Part, String> part : parts.entrySet()) {
            if (part.getValue().equals(own) && isInLayer(part.getKey()) == number >= 0) {
                return Optional.of(new Role(part.getKey(), number, bias));
            }
        }
        return Optional.empty();
    }

    /** What a tensor for this is called. */
    String name(Role role) {
        List<String> words = new ArrayList<>();
        String beginning = role.part() == Part.HEAD ? "" : prefix;
        if (role.layer() >= 0) beginning += layer + role.layer() + ".";
        words.add(beginning + parts.get(role.part()));
        words.add(
                role.bias()
                        ? "bias"
                        : format.equals(TORCHTUNE.format) && isNorm(role) ? "scale" : "weight");
        return String.join(".", words);
    }

    private static boolean isInLayer(Part part) {
        return switch (part) {
            case TOKEN_EMBEDDING, FINAL_NORM, HEAD -> false;
            default -> true;
        };
    }

    private static boolean isNorm(Role role) {
        return switch (role.part()) {
            case ATTENTION_NORM, MLP_NORM, FINAL_NORM, QUERY_NORM, KEY_NORM -> true;
            default -> false;
        };
    }
}
