package tk.quantize;

import java.util.Map;
import java.util.Optional;

/**
 * How much each input column of each tensor matters, as llama-imatrix measured it.
 *
 * @param file the path as the user gave it: it goes into the quantized file's metadata
 * @param dataset the text it was measured on
 * @param chunks how many chunks of it
 * @param entries weights by tensor name
 */
public record ImportanceMatrix(
        String file, Optional<String> dataset, int chunks, Map<String, Entry> entries) {
    /** Copies the map. */
    public ImportanceMatrix {
        entries = Map.copyOf(entries);
    }

    /**
     * The weights of one tensor.
     *
     * @param weights one list of columns an expert; a tensor without experts has one
     */
    public record Entry(float[][] weights) {}
}
