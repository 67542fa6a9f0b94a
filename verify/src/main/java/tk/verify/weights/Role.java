package tk.verify.weights;

/**
 * What a tensor is for in a LLaMA-like decoder, whatever its file calls it.
 *
 * @param part which weight
 * @param layer the decoder layer's number, or -1 outside the layers
 * @param bias whether it is what is added rather than what is multiplied with
 */
public record Role(Part part, int layer, boolean bias) implements Comparable<Role> {
    /** The weights of a decoder, in the order of the computation. */
    public enum Part {
        TOKEN_EMBEDDING("embedding"),
        ATTENTION_NORM("attn norm"),
        QUERY("q"),
        KEY("k"),
        VALUE("v"),
        QUERY_NORM("q norm"),
        KEY_NORM("k norm"),
        ATTENTION_OUTPUT("o"),
        MLP_NORM("mlp norm"),
        GATE("gate"),
        UP("up"),
        DOWN("down"),
        FINAL_NORM("norm"),
        HEAD("head");

        private final String label;

        Part(String label) {
            this.label = label;
        }
    }

    /** A word for it in reports. */
    String label() {
        return bias ? part.label + " bias" : part.label;
    }

    /** A weight outside the layers. */
    public static Role of(Part part) {
        return new Role(part, -1, false);
    }

    /** Whether its rows are turned by rotary position embedding, so that their order differs. */
    boolean isRotated() {
        return part == Part.QUERY || part == Part.KEY;
    }

    @Override
    public int compareTo(Role other) {
        if (layer != other.layer) {
            // The embedding first, the final norm and the head last.
            return Integer.compare(place(), other.place());
        }
        int byPart = part.compareTo(other.part);
        return byPart != 0 ? byPart : Boolean.compare(bias, other.bias);
    }

    private int place() {
        if (layer >= 0) return layer;
        return part == Part.TOKEN_EMBEDDING ? -1 : Integer.MAX_VALUE;
    }
}
