package tk.verify;

import tk.quantize.BlockCodecs;
import tk.tensor.DType;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Conversions whose tensors are wrong. */
final class WeightMutations {
    private static final int D = TinyModel.HEAD_DIM;
    private static final int W = TinyModel.HIDDEN;
    private static final TinyModel OTHER =
            TinyModel.of(
                    "LlamaForCausalLM", TinyModel.llama().vocabulary(), java.util.Map.of(), 99);

    private final List<Mutation> all = new ArrayList<>();

    static List<Mutation> all() {
        WeightMutations mutations = new WeightMutations();
        mutations.rows();
        mutations.places();
        mutations.values();
        mutations.head();
        mutations.presence();
        mutations.precision();
        mutations.bytes();
        return mutations.all;
    }

    private void add(String group, String name, Consumer<TinyGguf> damage) {
        all.add(new Mutation(group, name, Mutation.Base.LLAMA, damage));
    }

    private void rows() {
        String g = "order of rows";
        add(
                g,
                "q rows un-permuted in one layer",
                m -> change(m, "blk.2.attn_q.weight", this::undo));
        add(g, "q rows un-permuted in all layers", m -> each(m, "attn_q.weight", this::undo));
        add(
                g,
                "k rows un-permuted in one layer",
                m -> change(m, "blk.1.attn_k.weight", this::undo));
        add(g, "k rows un-permuted in all layers", m -> each(m, "attn_k.weight", this::undo));
        add(
                g,
                "q and k rows un-permuted in all layers",
                m -> {
                    each(m, "attn_q.weight", this::undo);
                    each(m, "attn_k.weight", this::undo);
                });
        add(
                g,
                "q rows permuted twice in one layer",
                m -> change(m, "blk.0.attn_q.weight", this::again));
        add(g, "k rows permuted twice in all layers", m -> each(m, "attn_k.weight", this::again));
        add(g, "v rows permuted too", m -> change(m, "blk.0.attn_v.weight", this::again));
        add(g, "o rows permuted too", m -> change(m, "blk.3.attn_output.weight", this::again));
        add(
                g,
                "q permuted as one head",
                m ->
                        change(
                                m,
                                "blk.1.attn_q.weight",
                                v -> TinyGguf.interleave(undo(v), v.length / W, W)));
        add(
                g,
                "two query heads exchanged",
                m -> change(m, "blk.2.attn_q.weight", v -> swapRows(v, 0, D, D)));
        add(
                g,
                "two key heads exchanged",
                m -> change(m, "blk.2.attn_k.weight", v -> swapRows(v, 0, D, D)));
        add(
                g,
                "a key head copied over the other",
                m -> change(m, "blk.2.attn_k.weight", v -> copyRows(v, 0, D, D)));
        add(
                g,
                "shards joined in the wrong order",
                m -> change(m, "blk.0.ffn_gate.weight", v -> swapRows(v, 0, W / 2, W / 2)));
        add(
                g,
                "shards joined along the wrong axis",
                m -> change(m, "blk.0.attn_output.weight", WeightMutations::swapColumns));
        add(
                g,
                "half of the rows from another layer",
                m ->
                        System.arraycopy(
                                m.values.get("blk.3.ffn_up.weight"),
                                0,
                                m.values.get("blk.1.ffn_up.weight"),
                                0,
                                W * W / 2));
        add(g, "rows rolled by one", m -> change(m, "blk.3.ffn_down.weight", v -> roll(v, W)));
        add(g, "columns rolled by one", m -> change(m, "blk.3.ffn_down.weight", v -> roll(v, 1)));
        add(
                g,
                "a square matrix transposed: q",
                m -> change(m, "blk.1.attn_q.weight", WeightMutations::transposed));
        add(
                g,
                "a square matrix transposed: o",
                m -> change(m, "blk.1.attn_output.weight", WeightMutations::transposed));
        add(
                g,
                "a square matrix transposed: down",
                m -> change(m, "blk.2.ffn_down.weight", WeightMutations::transposed));
    }

    private void places() {
        String g = "which tensor";
        add(
                g,
                "gate and up swapped in one layer",
                m -> swap(m, "blk.1.ffn_gate.weight", "blk.1.ffn_up.weight"));
        add(
                g,
                "gate and up swapped in all layers",
                m ->
                        layers(
                                i ->
                                        swap(
                                                m,
                                                "blk." + i + ".ffn_gate.weight",
                                                "blk." + i + ".ffn_up.weight")));
        add(
                g,
                "gate and down swapped",
                m -> swap(m, "blk.2.ffn_gate.weight", "blk.2.ffn_down.weight"));
        add(g, "k and v swapped", m -> swap(m, "blk.0.attn_k.weight", "blk.0.attn_v.weight"));
        add(g, "q and o swapped", m -> swap(m, "blk.0.attn_q.weight", "blk.0.attn_output.weight"));
        add(g, "two layers swapped", m -> swapLayers(m, 0, 1));
        add(g, "first and last layer swapped", m -> swapLayers(m, 0, 3));
        add(
                g,
                "every layer one too late",
                m -> {
                    swapLayers(m, 0, 1);
                    swapLayers(m, 0, 2);
                    swapLayers(m, 0, 3);
                });
        add(
                g,
                "every layer one too early, the last repeated",
                m -> {
                    copyLayer(m, 1, 0);
                    copyLayer(m, 2, 1);
                    copyLayer(m, 3, 2);
                });
        add(g, "layers in the order of their names' text", m -> swapLayers(m, 2, 3));
        add(
                g,
                "one tensor of another layer",
                m -> copy(m, "blk.1.attn_v.weight", "blk.2.attn_v.weight"));
        add(
                g,
                "norms swapped in one layer",
                m -> swap(m, "blk.1.attn_norm.weight", "blk.1.ffn_norm.weight"));
        add(
                g,
                "a norm of another layer",
                m -> copy(m, "blk.0.attn_norm.weight", "blk.3.attn_norm.weight"));
        add(g, "one layer of another model", m -> other(m, "blk.2."));
        add(g, "all weights of another model", m -> other(m, ""));
    }

    private void values() {
        String g = "values";
        add(
                g,
                "one row wrong in q",
                m -> change(m, "blk.1.attn_q.weight", v -> copyRows(v, 3, 77, 1)));
        add(
                g,
                "one row zero in down",
                m -> change(m, "blk.3.ffn_down.weight", v -> zero(v, 100 * W, W)));
        add(
                g,
                "one row wrong in the embedding",
                m -> change(m, "token_embd.weight", v -> copyRows(v, 300, 301, 1)));
        add(
                g,
                "one row wrong in the head",
                m -> change(m, "output.weight", v -> copyRows(v, 9, 300, 1)));
        add(
                g,
                "one value doubled",
                m -> change(m, "blk.2.ffn_up.weight", v -> scale(v, 4321, 1, 3)));
        add(
                g,
                "one tensor zeroed",
                m -> change(m, "blk.3.attn_output.weight", v -> zero(v, 0, v.length)));
        add(
                g,
                "one tensor of ones",
                m -> change(m, "blk.0.ffn_norm.weight", v -> zero(v, 0, v.length, 1)));
        add(
                g,
                "norm weights off by one",
                m -> m.values.replaceAll((n, v) -> n.contains("norm") ? plus(v, 1) : v));
        add(g, "final norm off by one", m -> change(m, "output_norm.weight", v -> plus(v, 1)));
        add(
                g,
                "final norm missing its scale",
                m -> change(m, "output_norm.weight", v -> zero(v, 0, v.length, 1)));
        add(
                g,
                "one tensor negated",
                m -> change(m, "blk.1.ffn_gate.weight", v -> scale(v, 0, v.length, -1)));
        add(
                g,
                "one tensor 3 % too large",
                m -> change(m, "blk.1.ffn_gate.weight", v -> scale(v, 0, v.length, 1.03f)));
        add(
                g,
                "embedding scaled by the square root of the width",
                m -> change(m, "token_embd.weight", v -> scale(v, 0, v.length, 16)));
        add(
                g,
                "q scaled by one over the root of the head's width",
                m -> each(m, "attn_q.weight", v -> scale(v, 0, v.length, 0.125f)));
        add(g, "a LoRA not merged", m -> each(m, "attn_q.weight", v -> lowRank(v, -1)));
        add(g, "a LoRA merged twice", m -> each(m, "attn_v.weight", v -> lowRank(v, 1)));
        add(
                g,
                "a LoRA merged without its scale",
                m -> each(m, "attn_q.weight", v -> lowRank(v, -0.5f)));
        add(
                g,
                "a LoRA merged in one layer only",
                m -> {
                    for (int i = 1; i < 4; i++)
                        change(m, "blk." + i + ".attn_v.weight", v -> lowRank(v, -1));
                });
        add(
                g,
                "a value that overflows F16",
                m -> {
                    change(m, "blk.0.ffn_up.weight", v -> scale(v, 1000, 1, 1e7f));
                    m.types.put("blk.0.ffn_up.weight", DType.F16);
                });
        add(
                g,
                "a NaN",
                m -> {
                    change(m, "blk.0.ffn_up.weight", v -> zero(v, 1000, 1, Float.NaN));
                    m.types.put("blk.0.ffn_up.weight", DType.F16);
                });
    }

    private void head() {
        String g = "embedding and head";
        add(
                g,
                "embedding shifted by one token",
                m -> change(m, "token_embd.weight", v -> roll(v, W)));
        add(g, "head shifted by one token", m -> change(m, "output.weight", v -> roll(v, W)));
        add(
                g,
                "two embedding rows swapped",
                m -> change(m, "token_embd.weight", v -> swapRows(v, 310, 320, 1)));
        add(g, "embedding and head swapped", m -> swap(m, "token_embd.weight", "output.weight"));
        add(g, "head missing: wrongly tied", m -> remove(m, "output.weight"));
        add(
                g,
                "head replaced by the embedding",
                m -> copy(m, "output.weight", "token_embd.weight"));
        add(
                g,
                "embedding replaced by the head",
                m -> copy(m, "token_embd.weight", "output.weight"));
        add(g, "head of another model", m -> other(m, "output.weight"));
        add(g, "embedding of another model", m -> other(m, "token_embd.weight"));
        add(g, "last row of the embedding cut off", m -> cut(m, "token_embd.weight"));
        add(g, "last row of the head cut off", m -> cut(m, "output.weight"));
    }

    private void presence() {
        String g = "missing and extra";
        add(g, "a tensor missing", m -> remove(m, "blk.3.ffn_down.weight"));
        add(g, "a norm missing", m -> remove(m, "blk.1.attn_norm.weight"));
        add(
                g,
                "a whole layer missing",
                m -> {
                    m.values.keySet().removeIf(n -> n.startsWith("blk.3."));
                    m.set("block_count", tk.gguf.GgufValue.u32(3));
                });
        add(
                g,
                "a layer too many",
                m -> {
                    for (String n : List.copyOf(m.values.keySet()))
                        if (n.startsWith("blk.3."))
                            put(
                                    m,
                                    n.replace("blk.3.", "blk.4."),
                                    m.values.get(n).clone(),
                                    m.shapes.get(n));
                    m.set("block_count", tk.gguf.GgufValue.u32(5));
                });
        add(
                g,
                "a bias that the source does not have",
                m -> put(m, "blk.0.attn_q.bias", new float[W], W));
        add(g, "a tensor of unknown name", m -> put(m, "blk.0.attn_gate.weight", new float[W], W));
        add(
                g,
                "rope factors that the source does not have",
                m ->
                        put(
                                m,
                                "rope_freqs.weight",
                                scale(zero(new float[D / 2], 0, D / 2, 1), D / 4, D / 4, 8),
                                D / 2));
    }

    private void precision() {
        String g = "precision";
        add(
                g,
                "one tensor quantized twice",
                m -> change(m, "blk.2.ffn_gate.weight", v -> through(DType.Q4_0, v)));
        add(
                g,
                "all matrices quantized twice",
                m ->
                        m.values.replaceAll(
                                (n, v) ->
                                        m.shapes.get(n).length == 2 ? through(DType.Q4_0, v) : v));
        add(
                g,
                "norms rounded to Q8_0 first",
                m ->
                        m.values.replaceAll(
                                (n, v) -> n.contains("norm") ? through(DType.Q8_0, v) : v));
        add(
                g,
                "one tensor labelled with another type of its size",
                m -> relabelled(m, "blk.1.ffn_up.weight"));
    }

    private void bytes() {
        String g = "stored bytes";
        add(g, "one sign bit flipped", m -> damage(m, b -> b[at(m, 5) + signAt(m)] ^= (byte) 0x80));
        add(
                g,
                "one bit of a scale or exponent flipped",
                m -> damage(m, b -> b[at(m, 6) + signAt(m)] ^= 0x10));
        add(
                g,
                "one bit of a code or mantissa flipped",
                m -> damage(m, b -> b[at(m, 9) + codeAt(m)] ^= 0x40));
        add(
                g,
                "a block's scale zero",
                m ->
                        damage(
                                m,
                                b -> {
                                    b[at(m, 7) + signAt(m)] = 0;
                                    b[at(m, 7) + signAt(m) - 1] = 0;
                                    if (!m.type.isBlock())
                                        b[
                                                        at(m, 7)
                                                                + signAt(m)
                                                                - 2
                                                                + (m.type == DType.F32 ? 0 : 2)] =
                                                0;
                                }));
        add(
                g,
                "a hundred bits flipped",
                m ->
                        damage(
                                m,
                                b -> {
                                    SplittableRandom r = new SplittableRandom(3);
                                    for (int i = 0; i < 100; i++)
                                        b[r.nextInt(b.length)] ^= (byte) (1 << r.nextInt(8));
                                }));
        add(
                g,
                "a hole of 64 zero bytes",
                m -> damage(m, b -> java.util.Arrays.fill(b, 4096, 4160, (byte) 0)));
        add(
                g,
                "data shifted by one block",
                m ->
                        damage(
                                m,
                                b -> {
                                    int n = m.type.isBlock() ? m.type.blockBytes() : 32;
                                    byte[] c = b.clone();
                                    System.arraycopy(c, 0, b, n, b.length - n);
                                }));
        add(
                g,
                "bytes in the wrong order",
                m ->
                        damage(
                                m,
                                b -> {
                                    for (int i = 0; i + 1 < b.length; i += 2) {
                                        byte x = b[i];
                                        b[i] = b[i + 1];
                                        b[i + 1] = x;
                                    }
                                }));
        add(
                g,
                "the end of a tensor zero",
                m ->
                        damage(
                                m,
                                b ->
                                        java.util.Arrays.fill(
                                                b, b.length - b.length / 8, b.length, (byte) 0)));
        add(
                g,
                "two blocks exchanged",
                m ->
                        damage(
                                m,
                                b -> {
                                    int n = m.type.isBlock() ? m.type.blockBytes() : 32;
                                    for (int i = 0; i < n; i++) {
                                        byte x = b[i];
                                        b[i] = b[i + 5 * n];
                                        b[i + 5 * n] = x;
                                    }
                                }));
    }

    // --- what they are made of ---

    private static void damage(TinyGguf m, Consumer<byte[]> change) {
        m.damage.put("blk.1.ffn_up.weight", change);
    }

    /** Where a block (or the value in its place) begins. */
    private static int at(TinyGguf m, int block) {
        return block * (m.type.isBlock() ? m.type.blockBytes() : m.type.blockBytes() * 32);
    }

    /** The byte that holds the sign of a block's scale, or of a value. */
    private static int signAt(TinyGguf m) {
        return m.type.isBlock() ? 1 : m.type.blockBytes() - 1;
    }

    private static int codeAt(TinyGguf m) {
        return m.type.isBlock() ? m.type.blockBytes() / 2 : m.type == DType.F32 ? 2 : 0;
    }

    private static void layers(java.util.function.IntConsumer change) {
        for (int i = 0; i < TinyModel.LAYERS; i++) change.accept(i);
    }

    private static void change(TinyGguf m, String name, UnaryOperator<float[]> change) {
        m.values.put(name, change.apply(m.values.get(name)));
    }

    private static void each(TinyGguf m, String suffix, UnaryOperator<float[]> change) {
        layers(i -> change(m, "blk." + i + "." + suffix, change));
    }

    private static void put(TinyGguf m, String name, float[] values, long... shape) {
        m.values.put(name, values);
        m.shapes.put(name, shape);
    }

    private static void remove(TinyGguf m, String name) {
        m.values.remove(name);
        m.shapes.remove(name);
    }

    private static void copy(TinyGguf m, String to, String from) {
        m.values.put(to, m.values.get(from).clone());
    }

    private static void swap(TinyGguf m, String a, String b) {
        float[] first = m.values.get(a);
        m.values.put(a, m.values.get(b));
        m.values.put(b, first);
    }

    private static void swapLayers(TinyGguf m, int a, int b) {
        for (String name : List.copyOf(m.values.keySet())) {
            String start = "blk." + a + ".";
            if (name.startsWith(start)) swap(m, name, name.replace(start, "blk." + b + "."));
        }
    }

    private static void copyLayer(TinyGguf m, int from, int to) {
        for (String name : List.copyOf(m.values.keySet())) {
            String start = "blk." + from + ".";
            if (name.startsWith(start)) copy(m, name.replace(start, "blk." + to + "."), name);
        }
    }

    private static void other(TinyGguf m, String start) {
        TinyGguf other = new TinyGguf(OTHER, m.type);
        m.values.replaceAll((n, v) -> n.startsWith(start) ? other.values.get(n) : v);
    }

    private static void cut(TinyGguf m, String name) {
        float[] values = m.values.get(name);
        put(m, name, java.util.Arrays.copyOf(values, values.length - W), values.length / W - 1, W);
    }

    /** The same bytes under the name of a type of the same size. */
    private static void relabelled(TinyGguf m, String name) {
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

    private float[] undo(float[] rows) {
        float[] out = new float[rows.length];
        for (int row = 0; row < rows.length / W; row++) {
            int within = row % D;
            int to = row - within + within / 2 + (within % 2) * (D / 2);
            System.arraycopy(rows, row * W, out, to * W, W);
        }
        return out;
    }

    private float[] again(float[] rows) {
        return TinyGguf.interleave(rows, D, W);
    }

    private static float[] transposed(float[] v) {
        float[] out = new float[v.length];
        for (int i = 0; i < W; i++) for (int j = 0; j < W; j++) out[j * W + i] = v[i * W + j];
        return out;
    }

    private static float[] swapRows(float[] v, int a, int b, int count) {
        float[] out = v.clone();
        System.arraycopy(v, a * W, out, b * W, count * W);
        System.arraycopy(v, b * W, out, a * W, count * W);
        return out;
    }

    private static float[] copyRows(float[] v, int to, int from, int count) {
        float[] out = v.clone();
        System.arraycopy(v, from * W, out, to * W, count * W);
        return out;
    }

    private static float[] swapColumns(float[] v) {
        float[] out = new float[v.length];
        for (int row = 0; row < v.length / W; row++) {
            System.arraycopy(v, row * W, out, row * W + W / 2, W / 2);
            System.arraycopy(v, row * W + W / 2, out, row * W, W / 2);
        }
        return out;
    }

    private static float[] roll(float[] v, int by) {
        float[] out = new float[v.length];
        System.arraycopy(v, 0, out, by, v.length - by);
        System.arraycopy(v, v.length - by, out, 0, by);
        return out;
    }

    private static float[] zero(float[] v, int from, int count) {
        return zero(v, from, count, 0);
    }

    private static float[] zero(float[] v, int from, int count, float value) {
        float[] out = v.clone();
        java.util.Arrays.fill(out, from, from + count, value);
        return out;
    }

    private static float[] scale(float[] v, int from, int count, float by) {
        float[] out = v.clone();
        for (int i = from; i < from + count; i++) out[i] *= by;
        return out;
    }

    private static float[] plus(float[] v, float offset) {
        float[] out = v.clone();
        for (int i = 0; i < out.length; i++) out[i] += offset;
        return out;
    }

    /** Adds a matrix of rank 4, a tenth as large as the weights. */
    private static float[] lowRank(float[] v, float by) {
        SplittableRandom random = new SplittableRandom(17);
        int rows = v.length / W;
        float[] out = v.clone();
        for (int rank = 0; rank < 4; rank++) {
            double[] a = random.doubles(W, -1, 1).toArray();
            double[] b = random.doubles(rows, -1, 1).toArray();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < W; j++) out[i * W + j] += (float) (by * 0.014 * b[i] * a[j]);
            }
        }
        return out;
    }

    /** What is left of values that were quantized before. */
    private static float[] through(DType type, float[] v) {
        byte[] blocks = new byte[(int) type.byteSize(v.length)];
        BlockCodecs.of(type).quantizeRow(v, 0, v.length, null, blocks, 0);
        float[] out = new float[v.length];
        BlockCodecs.of(type).dequantizeRow(blocks, 0, out, 0, v.length);
        return out;
    }
}
