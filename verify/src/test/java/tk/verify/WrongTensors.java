package tk.verify;

import tk.tensor.DType;

import java.util.List;
import java.util.function.UnaryOperator;

/** What goes wrong with the tensors of a file: which are there, under which name, and where. */
final class WrongTensors {
    private static final int W = TinyModel.HIDDEN;
    private static final TinyModel OTHER =
            TinyModel.of(
                    "LlamaForCausalLM", TinyModel.llama().vocabulary(), java.util.Map.of(), 99);

    private WrongTensors() {}

    static void layers(java.util.function.IntConsumer change) {
        for (int i = 0; i < TinyModel.LAYERS; i++) change.accept(i);
    }

    static void change(TinyGguf m, String name, UnaryOperator<float[]> change) {
        m.values.put(name, change.apply(m.values.get(name)));
    }

    static void each(TinyGguf m, String suffix, UnaryOperator<float[]> change) {
        layers(i -> change(m, "blk." + i + "." + suffix, change));
    }

    static void put(TinyGguf m, String name, float[] values, long... shape) {
        m.values.put(name, values);
        m.shapes.put(name, shape);
    }

    static void remove(TinyGguf m, String name) {
        m.values.remove(name);
        m.shapes.remove(name);
    }

    static void copy(TinyGguf m, String to, String from) {
        m.values.put(to, m.values.get(from).clone());
    }

    static void swap(TinyGguf m, String a, String b) {
        float[] first = m.values.get(a);
        m.values.put(a, m.values.get(b));
        m.values.put(b, first);
    }

    static void swapLayers(TinyGguf m, int a, int b) {
        for (String name : List.copyOf(m.values.keySet())) {
            String start = "blk." + a + ".";
            if (name.startsWith(start)) swap(m, name, name.replace(start, "blk." + b + "."));
        }
    }

    static void copyLayer(TinyGguf m, int from, int to) {
        for (String name : List.copyOf(m.values.keySet())) {
            String start = "blk." + from + ".";
            if (name.startsWith(start)) copy(m, name.replace(start, "blk." + to + "."), name);
        }
    }

    static void other(TinyGguf m, String start) {
        TinyGguf other = new TinyGguf(OTHER, m.type);
        m.values.replaceAll((n, v) -> n.startsWith(start) ? other.values.get(n) : v);
    }

    static void cut(TinyGguf m, String name) {
        float[] values = m.values.get(name);
        put(m, name, java.util.Arrays.copyOf(values, values.length - W), values.length / W - 1, W);
    }

    /** The same bytes under the name of a type of the same size. */
    static void relabelled(TinyGguf m, String name) {
        DType wrong = m.type == DType.Q8_0 || m.type == DType.Q4_K ? DType.IQ4_NL : DType.BF16;
        DType right = wrong == DType.IQ4_NL ? DType.Q4_0 : DType.F16;
        float[] values = m.values.get(name);
        m.types.put(name, wrong);
        m.damage.put(
                name,
                b ->
                        System.arraycopy(
                                TinyTensor.of(name, right, values, m.shapes.get(name)).bytes(),
                                0,
                                b,
                                0,
                                b.length));
    }
}
