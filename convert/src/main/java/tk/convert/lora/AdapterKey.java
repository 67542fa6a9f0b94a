package tk.convert.lora;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the name of an adapter's tensor says: which module it is for, and what it is there.
 *
 * <p>PEFT writes {@code base_model.model.}, the module's path, and one of
 *
 * <pre>
 * .lora_A.weight  .lora_B.weight  .lora_B.bias        a linear layer's factors
 * .lora_embedding_A  .lora_embedding_B                an embedding's
 * .lora_magnitude_vector                              DoRA
 * .token_adapter.trainable_tokens_delta               trained rows
 * .token_adapter.base_layer.weight                    the embedding under the rows
 * .base_layer.weight  .base_layer.bias                the layer under the factors
 * .weight  .bias                                      a module that was trained whole
 * </pre>
 *
 * Trainers' own checkpoints keep the adapter's name ({@code .lora_A.default.weight}) and the words
 * {@code modules_to_save} and {@code original_module}, and what wraps the model puts its own names
 * in between; torchtune writes {@code lora_a}, {@code lora_b} and {@code magnitude}.
 *
 * @param module the path before, without {@code base_model.model.} and wrappers' names
 * @param part what the tensor is
 */
record AdapterKey(String module, Part part) {
    /** What a tensor is to its module. */
    enum Part {
        /** A, (r, in). */
        A,
        /** B, (out, r). */
        B,
        /** The bias of B, (out). */
        B_BIAS,
        /** A of an embedding, (r, vocabulary). */
        EMBEDDING_A,
        /** B of an embedding, (hidden, r). */
        EMBEDDING_B,
        /** DoRA's magnitudes. */
        MAGNITUDE,
        /** New values of single rows, (rows, hidden). */
        TOKENS,
        /** A weight in place of the base's. */
        WEIGHT,
        /** The base's weight under factors or rows: the same, unless it was resized or changed. */
        BASE_WEIGHT,
        /** A bias in place of the base's. */
        BIAS,
        /** The base's own values, kept by the trainer beside the trained ones. */
        ORIGINAL
    }

    private static final Set<String> WRAPPERS =
            Set.of("_fsdp_wrapped_module", "_orig_mod", "_checkpoint_wrapped_module");

    /** Reads a name; empty where it is none that PEFT gives a part of a LoRA. */
    static Optional<AdapterKey> of(String name) {
        List<String> parts = new ArrayList<>(List.of(name.split("\\.", -1)));
        parts.removeIf(WRAPPERS::contains);
        if (!parts.isEmpty() && parts.getFirst().equals("module")) parts.removeFirst();
        if (parts.size() > 1 && parts.getFirst().equals("base_model")) {
            parts.removeFirst();
            if (parts.getFirst().equals("model")) parts.removeFirst();
        }
        for (int i = 1; i < parts.size(); i++) {
            List<String> before = parts.subList(0, i);
            List<String> after = parts.subList(i + 1, parts.size());
            switch (parts.get(i)) {
                case "lora_A", "lora_a" -> {
                    return factor(before, after, Part.A);
                }
                case "lora_B", "lora_b" -> {
                    return factor(before, after, Part.B);
                }
                case "lora_embedding_A" -> {
                    return factor(before, after, Part.EMBEDDING_A);
                }
                case "lora_embedding_B" -> {
                    return factor(before, after, Part.EMBEDDING_B);
                }
                case "lora_magnitude_vector", "magnitude" -> {
                    return factor(before, after, Part.MAGNITUDE);
                }
                case "token_adapter" -> {
                    return tokens(before, after);
                }
                case "original_module" -> {
                    return Optional.of(new AdapterKey(String.join(".", parts), Part.ORIGINAL));
                }
                case "modules_to_save" -> {
                    // Its next word is the adapter's name, unless it is the parameter's.
                    List<String> path = new ArrayList<>(before);
                    path.addAll(after.size() > 1 ? after.subList(1, after.size()) : after);
                    return parameter(path);
                }
                case "base_layer" -> {
                    List<String> path = new ArrayList<>(before);
                    path.addAll(after);
                    return parameter(path).map(AdapterKey::underFactors);
                }
                default -> {}
            }
        }
        return parameter(parts);
    }

    /** After a factor may follow the adapter's name, and what of the layer it is. */
    private static Optional<AdapterKey> factor(List<String> before, List<String> after, Part part) {
        String module = String.join(".", before);
        if (after.size() > 2) return Optional.empty();
        String last = after.isEmpty() ? "weight" : after.getLast();
        if (!last.equals("bias")) return Optional.of(new AdapterKey(module, part));
        return part == Part.B ? Optional.of(new AdapterKey(module, Part.B_BIAS)) : Optional.empty();
    }

    private static Optional<AdapterKey> tokens(List<String> before, List<String> after) {
        String module = String.join(".", before);
        String kind = after.isEmpty() ? "" : after.getFirst();
        return switch (kind) {
            case "trainable_tokens_delta" -> Optional.of(new AdapterKey(module, Part.TOKENS));
            case "base_layer" -> {
                List<String> path = new ArrayList<>(before);
                path.addAll(after.subList(1, after.size()));
                yield parameter(path).map(AdapterKey::underFactors);
            }
            case "trainable_tokens_original" ->
                    Optional.of(
                            new AdapterKey(module + "." + String.join(".", after), Part.ORIGINAL));
            default -> Optional.empty();
        };
    }

    private AdapterKey underFactors() {
        return part == Part.WEIGHT ? new AdapterKey(module, Part.BASE_WEIGHT) : this;
    }

    private static Optional<AdapterKey> parameter(List<String> path) {
        if (path.size() < 2) return Optional.empty();
        String module = String.join(".", path.subList(0, path.size() - 1));
        return switch (path.getLast()) {
            case "weight", "scale" -> Optional.of(new AdapterKey(module, Part.WEIGHT));
            case "bias" -> Optional.of(new AdapterKey(module, Part.BIAS));
            default -> Optional.empty();
        };
    }
}
