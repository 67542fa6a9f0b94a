package tk.convert;

import tk.convert.TensorRule.Presence;
import tk.convert.TensorRule.Rotation;
import tk.hf.Family;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A model family as one table: which tensors it has, what each is called on either side, and what
 * is particular in its GGUF metadata.
 *
 * <p>To add one, write a class like {@link Llama} with its table and list it in {@link
 * FamilyTables}.
 *
 * @param family whose configuration it goes by
 * @param ggufArchitecture as in {@code general.architecture}
 * @param interleaved whether llama.cpp rotates neighbouring values (2i, 2i+1) of a head, so that
 *     query and key rows are permuted on the way; otherwise it rotates (i, i + head_dim/2) as
 *     Hugging Face does
 * @param traits what is particular in its metadata
 * @param tensors every tensor it can have, in the order of the model's modules
 */
public record FamilyTable(
        Family family,
        String ggufArchitecture,
        boolean interleaved,
        Set<Trait> traits,
        List<TensorRule> tensors) {

    /** What is so for some families only in llama.cpp or in its converter. */
    public enum Trait {
        /** The config has a {@code head_dim} even where the file does not say so. */
        HEAD_DIM,
        /** {@code vocab_size} and {@code rope.dimension_count} end the model's parameters. */
        VOCAB_SIZE_AND_ROPE_DIMENSION,
        /** llama.cpp has no place for attention biases, and loads no file that has some. */
        NO_ATTENTION_BIASES
    }

    /** Copies the collections. */
    public FamilyTable {
        traits = Set.copyOf(traits);
        tensors = List.copyOf(tensors);
    }

    /** The rule for a Hugging Face name whose layer number was replaced by {@code {n}}. */
    public Optional<TensorRule> rule(String hfTemplate) {
        return tensors.stream().filter(rule -> rule.hf().equals(hfTemplate)).findFirst();
    }

    /** The rule for a full Hugging Face name of this family. */
    public TensorRule ruleOf(String hfName) {
        return rule(LayerName.of(hfName).template())
                .orElseThrow(() -> new IllegalArgumentException("no rule for " + hfName));
    }

    /** Every Hugging Face name in the order of a state dict: layer after layer. */
    public List<String> stateDictOrder(int layers) {
        List<String> before = new ArrayList<>();
        List<String> after = new ArrayList<>();
        List<TensorRule> layered = tensors.stream().filter(TensorRule::isPerLayer).toList();
        for (TensorRule rule : tensors) {
            if (rule.isPerLayer()) continue;
            boolean first = tensors.indexOf(rule) < tensors.indexOf(layered.getFirst());
            (first ? before : after).add(rule.hf());
        }
        for (int layer = 0; layer < layers; layer++) {
            for (TensorRule rule : layered) before.add(rule.hfName(layer));
        }
        before.addAll(after);
        return before;
    }

    /** The layer in a full Hugging Face name, or -1. */
    public int layerOf(String hfName) {
        return LayerName.of(hfName).layer();
    }

    /** Begins the table of a family. */
    static Builder of(Family family, String ggufArchitecture) {
        return new Builder(family, ggufArchitecture);
    }

    /** A table in the making: one line a tensor. */
    static final class Builder {
        private final Family family;
        private final String ggufArchitecture;
        private final Set<Trait> traits = EnumSet.noneOf(Trait.class);
        private final List<TensorRule> tensors = new ArrayList<>();
        private boolean interleaved;

        private Builder(Family family, String ggufArchitecture) {
            this.family = family;
            this.ggufArchitecture = ggufArchitecture;
        }

        /** llama.cpp rotates neighbouring values of a head. */
        Builder interleaved() {
            interleaved = true;
            return this;
        }

        Builder trait(Trait trait) {
            traits.add(trait);
            return this;
        }

        /** A tensor that the model has once. */
        Builder tensor(String hf, String gguf, Presence presence, Extent... shape) {
            tensors.add(new TensorRule(hf, gguf, List.of(shape), presence, Rotation.NONE));
            return this;
        }

        /** A tensor that every layer has. */
        Builder layer(String hf, String gguf, Presence presence, Extent... shape) {
            return layer(hf, gguf, presence, Rotation.NONE, shape);
        }

        /** A tensor that every layer has, its rows rotated. */
        Builder layer(
                String hf, String gguf, Presence presence, Rotation rotation, Extent... shape) {
            tensors.add(
                    new TensorRule(
                            "model.layers.{n}." + hf,
                            "blk.{n}." + gguf,
                            List.of(shape),
                            presence,
                            rotation));
            return this;
        }

        FamilyTable build() {
            return new FamilyTable(family, ggufArchitecture, interleaved, traits, tensors);
        }
    }
}
