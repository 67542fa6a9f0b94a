package tk.convert;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Names that only the user knows: what home-made code calls each tensor.
 *
 * <p>A JSON object from the checkpoint's names to Hugging Face's, {@code {n}} standing for the
 * layer's number, and {@code null} for a tensor to be left out:
 *
 * <pre>{@code
 * {"blocks.{n}.att.query.weight": "model.layers.{n}.self_attn.q_proj.weight", "step": null}
 * }</pre>
 *
 * @param names Hugging Face name by own name; empty for a tensor to be left out
 */
public record KeyMap(Map<String, Optional<String>> names) {
    /** No names of the user's own. */
    public static final KeyMap NONE = new KeyMap(Map.of());

    /** Copies the map. */
    public KeyMap {
        names = Collections.unmodifiableMap(new LinkedHashMap<>(names));
    }

    /**
     * Reads one from a file.
     *
     * @throws MalformedException where it is no JSON object of strings and nulls
     * @throws UsageException where a name has a layer on one side only
     */
    public static KeyMap read(Path file) {
        JsonObject object = Json.readObject(file);
        Map<String, Optional<String>> names = new LinkedHashMap<>();
        for (Map.Entry<String, JsonValue> member : object.members().entrySet()) {
            String own = member.getKey();
            switch (member.getValue()) {
                case JsonNull ignored -> names.put(own, Optional.empty());
                case JsonString(String hf) -> {
                    if (own.contains(TensorRule.LAYER) != hf.contains(TensorRule.LAYER)) {
                        throw new UsageException(
                                "%s: `%s` and `%s` must both have {n} for the layer, or neither"
                                        .formatted(file, own, hf));
                    }
                    names.put(own, Optional.of(hf));
                }
                default ->
                        throw new MalformedException(
                                "%s: `%s`: expected a tensor's name or null".formatted(file, own));
            }
        }
        return new KeyMap(names);
    }

    /**
     * The checkpoint under these names, without what is left out; a tensor whose new name is taken
     * keeps its own.
     *
     * @param in owned by the result
     */
    public Checkpoint applied(Checkpoint in) {
        List<Tensor> tensors = new ArrayList<>();
        Set<String> taken = new HashSet<>(in.tensors().keySet());
        for (Map.Entry<String, Tensor> entry : in.tensors().entrySet()) {
            LayerName own = LayerName.of(entry.getKey());
            Optional<String> mapped = names.get(own.template());
            if (mapped == null) {
                tensors.add(entry.getValue());
            } else if (mapped.isPresent()) {
                String name = own.in(mapped.get());
                tensors.add(
                        RenamedTensor.of(
                                taken.add(name) ? name : entry.getKey(), entry.getValue()));
            }
        }
        return TensorMap.replacing(in, tensors);
    }
}
