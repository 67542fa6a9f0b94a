package tk.convert;

import tk.checkpoint.Checkpoint;
import tk.convert.TensorRule.Presence;
import tk.error.MalformedException;
import tk.hf.ModelConfig;
import tk.json.JsonValue.JsonBoolean;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Every tensor of a checkpoint accounted for: used under a Hugging Face name, or a buffer that may
 * be left out. Anything unexpected or missing is an error, so an accounting is always complete.
 *
 * @param dialect how the checkpoint names its tensors
 * @param used by Hugging Face name, in the checkpoint's order
 * @param ignored what was left out, by its own name, with what it is
 * @param notes what a person should be told
 */
public record Accounting(
        Dialect dialect,
        SequencedMap<String, Used> used,
        SequencedMap<String, String> ignored,
        List<String> notes) {

    /**
     * A tensor that is used.
     *
     * @param rule its row in the family's table
     * @param layer its layer, or -1
     * @param tensor as the checkpoint has it, under its own name
     */
    public record Used(TensorRule rule, int layer, Tensor tensor) {}

    /** Copies the collections. */
    public Accounting {
        used = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(used));
        ignored = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(ignored));
        notes = List.copyOf(notes);
    }

    /**
     * Accounts for every tensor.
     *
     * @param place what to call the checkpoint in errors: its path
     * @param keyMap names of the user's own; they come first
     * @throws MalformedException where tensors are missing or unexpected, or two have one name
     */
    public static Accounting of(
            String place,
            Checkpoint checkpoint,
            FamilyTable family,
            ModelConfig config,
            KeyMap keyMap) {
        Naming naming = Naming.of(checkpoint.tensors().keySet(), family);
        SequencedMap<String, Used> used = new LinkedHashMap<>();
        SequencedMap<String, String> ignored = new LinkedHashMap<>();
        List<String> unexpected = new ArrayList<>();
        int layersFound = 0;
        for (Tensor tensor : checkpoint.tensors().values()) {
            String own = tensor.info().name();
            LayerName layered = LayerName.of(own);
            Optional<String> mapped = keyMap.names().get(layered.template());
            if (mapped != null && mapped.isEmpty()) {
                ignored.put(own, "left out by the key map");
                continue;
            }
            Optional<String> hf = mapped != null ? mapped.map(layered::in) : naming.hfName(own);
            LayerName hfLayered = LayerName.of(hf.orElse(""));
            Optional<TensorRule> rule = family.rule(hfLayered.template());
            if (hf.isPresent() && rule.isPresent()) {
                layersFound = Math.max(layersFound, hfLayered.layer() + 1);
                Used before = used.put(hf.get(), new Used(rule.get(), hfLayered.layer(), tensor));
                if (before != null) {
                    throw new MalformedException(
                            "%s: `%s` and `%s` are both %s"
                                    .formatted(place, before.tensor.info().name(), own, hf.get()),
                            "The file holds more than one model: choose one with --key.");
                }
            } else {
                Ignorable.what(tensor.info())
                        .ifPresentOrElse(what -> ignored.put(own, what), () -> unexpected.add(own));
            }
        }
        if (layersFound > 0 && layersFound != config.layers() && unexpected.isEmpty()) {
            throw new MalformedException(
                    "%s: the tensors are of %d layers, the config says num_hidden_layers %d"
                            .formatted(place, layersFound, config.layers()),
                    "Correct num_hidden_layers, or take the config that belongs to these weights.");
        }
        List<String> notes = new ArrayList<>();
        List<String> missing = missing(family, config, used, notes);
        if (!missing.isEmpty() || !unexpected.isEmpty()) {
            throw Discrepancy.error(place, config, missing, unexpected);
        }
        return new Accounting(naming.dialect(), used, ignored, notes);
    }

    private static List<String> missing(
            FamilyTable family,
            ModelConfig config,
            SequencedMap<String, Used> used,
            List<String> notes) {
        List<String> missing = new ArrayList<>();
        for (TensorRule rule : family.tensors()) {
            int layers = rule.isPerLayer() ? config.layers() : 1;
            int there = 0;
            for (int layer = 0; layer < layers; layer++) {
                if (used.containsKey(rule.hfName(layer))) there++;
            }
            boolean wanted = isWanted(rule.presence(), config);
            if (there > 0 && !wanted && rule.presence() != Presence.UNTIED_HEAD) {
                notes.add(
                        "%s: there although the config says %s=false; used"
                                .formatted(rule.hf(), flag(rule.presence())));
            }
            if (there == 0 && !wanted) continue;
            for (int layer = 0; layer < layers; layer++) {
                if (!used.containsKey(rule.hfName(layer))) missing.add(rule.hfName(layer));
            }
        }
        return missing;
    }

    /** Whether the model is not whole without it. */
    private static boolean isWanted(Presence presence, ModelConfig config) {
        return switch (presence) {
            case REQUIRED -> true;
            case ATTENTION_BIAS -> config.attentionBias();
            case MLP_BIAS -> config.mlpBias();
            // Absent, it shares the embedding's values: only a config that denies it contradicts.
            case UNTIED_HEAD ->
                    config.json()
                            .get("tie_word_embeddings")
                            .filter(new JsonBoolean(false)::equals)
                            .isPresent();
        };
    }

    private static String flag(Presence presence) {
        return presence == Presence.MLP_BIAS ? "mlp_bias" : "attention_bias";
    }
}
