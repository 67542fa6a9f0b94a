package tk.verify.importance;

import tk.verify.reference.InputSink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Sums over all tokens of what each matrix was multiplied with, and of its square, by GGUF's names
 * of the matrices.
 *
 * <p>Added up in F32, a token after the other, as llama-imatrix does: the sums of matrices with the
 * same input are the same.
 */
final class InputSums implements InputSink {
    /**
     * The sums of one matrix.
     *
     * @param values {@code [columns]}
     * @param squares {@code [columns]}
     */
    record Sums(float[] values, float[] squares) {}

    private record Place(int layer, Input input) {}

    private final boolean withHead;
    private final Map<Place, Sums> sums = new HashMap<>();
    private long tokens;

    /**
     * @param withHead whether the head's input counts too
     */
    InputSums(boolean withHead) {
        this.withHead = withHead;
    }

    /** How many tokens were added up. */
    long tokens() {
        return tokens;
    }

    @Override
    public void accept(int layer, Input input, float[] x, int features, int stride, int count) {
        // Every token passes the first layer's attention once.
        if (layer == 0 && input == Input.ATTENTION) tokens += count;
        if (input == Input.HEAD && !withHead) return;
        Sums into =
                sums.computeIfAbsent(
                        new Place(layer, input),
                        place -> new Sums(new float[features], new float[features]));
        for (int f = 0; f < features; f++) {
            float sum = into.values[f];
            float squares = into.squares[f];
            int from = f * stride;
            for (int t = from; t < from + count; t++) {
                sum += x[t];
                squares += x[t] * x[t];
            }
            into.values[f] = sum;
            into.squares[f] = squares;
        }
    }

    /** The sums by the matrices' names, sorted. */
    SortedMap<String, Sums> byName() {
        SortedMap<String, Sums> named = new TreeMap<>();
        sums.forEach(
                (place, found) -> {
                    for (String name : names(place)) named.put(name, found);
                });
        return named;
    }

    private static List<String> names(Place place) {
        List<String> parts =
                switch (place.input()) {
                    case ATTENTION -> List.of("attn_q", "attn_k", "attn_v");
                    case ATTENTION_OUTPUT -> List.of("attn_output");
                    case MLP -> List.of("ffn_gate", "ffn_up");
                    case DOWN -> List.of("ffn_down");
                    case HEAD -> List.of("output");
                };
        List<String> names = new ArrayList<>();
        for (String part : parts) {
            String layer = place.layer() < 0 ? "" : "blk." + place.layer() + ".";
            names.add(layer + part + ".weight");
        }
        return names;
    }
}
