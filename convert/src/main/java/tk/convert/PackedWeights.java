package tk.convert;

import tk.checkpoint.Checkpoint;
import tk.error.UnsupportedException;

import java.util.List;
import java.util.Map;

/**
 * Weights that a library has quantized for its own loader: beside each lie tensors that only it
 * knows how to multiply with, and what is left under the weight's name is no float.
 */
public final class PackedWeights {
    /** Endings of names, and whose they are. */
    private static final Map<String, String> ENDINGS =
            Map.of(
                    ".SCB", "bitsandbytes in 8 bits",
                    ".weight.absmax", "bitsandbytes in 4 bits",
                    ".weight.quant_map", "bitsandbytes in 4 bits",
                    ".weight.quant_state.bitsandbytes__nf4", "bitsandbytes in 4 bits (NF4)",
                    ".weight.quant_state.bitsandbytes__fp4", "bitsandbytes in 4 bits (FP4)",
                    ".qweight", "GPTQ or AWQ",
                    ".qzeros", "GPTQ or AWQ");

    private PackedWeights() {}

    /**
     * Refuses a checkpoint with such weights.
     *
     * @param place what to call it: its path
     * @throws UnsupportedException that names the library, a tensor and a way out
     */
    public static void refuse(String place, Checkpoint checkpoint) {
        for (Map.Entry<String, String> ending : ENDINGS.entrySet()) {
            List<String> names =
                    checkpoint.tensors().keySet().stream()
                            .filter(name -> name.endsWith(ending.getKey()))
                            .toList();
            if (names.isEmpty()) continue;
            throw new UnsupportedException(
                    "%s: %d weights are packed by %s: `%s` lies beside the first of them"
                            .formatted(place, names.size(), ending.getValue(), names.getFirst()),
                    "Take the model as it was before (load_in_8bit packs it in memory alone; an adapter"
                            + " trained on the packed model fits it too), or unpack it where it was"
                            + " made: model.dequantize().save_pretrained(DIR).");
        }
    }
}
