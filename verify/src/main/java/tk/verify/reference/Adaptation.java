package tk.verify.reference;

import tk.tensor.Tensor;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one adapter does to a model, kept apart from the model's weights: a module's outputs are
 * {@code Wx + s·B(Ax)}, as while it was trained.
 *
 * <p>Modules and parameters go by Hugging Face's names, rows of outputs lie in Hugging Face's
 * order, whatever dialect the model is stored in.
 *
 * @param replaced parameters in place of the model's
 * @param added factors by module, such as {@code model.layers.0.self_attn.q_proj}
 * @param rows rows of the embedding or of the head in place of the model's, by module
 */
public record Adaptation(
        Map<String, Tensor> replaced, Map<String, Factors> added, Map<String, Rows> rows) {
    /** The embedding's module. */
    public static final String EMBEDDING = "model.embed_tokens";

    /** The head's module. */
    public static final String HEAD = "lm_head";

    /** Copies the maps. */
    public Adaptation {
        replaced = Map.copyOf(replaced);
        added = Map.copyOf(added);
        rows = Map.copyOf(rows);
    }

    /**
     * A LoRA's factors of one module.
     *
     * @param a (r, in); of the embedding (r, vocabulary)
     * @param b (out, r); of the embedding (hidden, r)
     * @param scale s
     * @param bias added to the outputs, times s: (out)
     * @param magnitude DoRA's: what the rows of {@code W + s·BA}, of the embedding its columns, are
     *     scaled to
     */
    public record Factors(
            Tensor a, Tensor b, double scale, Optional<Tensor> bias, Optional<Tensor> magnitude) {}

    /**
     * Rows in place of a matrix's own.
     *
     * @param values (n, hidden)
     * @param places which of {@code values} stands for which row
     */
    public record Rows(Tensor values, Map<Integer, Integer> places) {
        /** Copies the map. */
        public Rows {
            places = Map.copyOf(places);
        }
    }

    /**
     * Adapters beside a model, in their order.
     *
     * @param adaptations none: the model as it is
     * @param tied whether embedding and head are one matrix for what is replaced in either. What is
     *     added to one of them leaves the other as it is, as in training
     */
    public record Beside(List<Adaptation> adaptations, boolean tied) {
        /** No adapter. */
        public static final Beside NONE = new Beside(List.of(), false);

        /** Copies the list. */
        public Beside {
            adaptations = List.copyOf(adaptations);
        }
    }
}
