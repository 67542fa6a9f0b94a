package tk.verify;

import static tk.verify.WrongTensors.change;
import static tk.verify.WrongTensors.copy;
import static tk.verify.WrongTensors.copyLayer;
import static tk.verify.WrongTensors.cut;
import static tk.verify.WrongTensors.each;
import static tk.verify.WrongTensors.layers;
import static tk.verify.WrongTensors.other;
import static tk.verify.WrongTensors.put;
import static tk.verify.WrongTensors.relabelled;
import static tk.verify.WrongTensors.remove;
import static tk.verify.WrongTensors.swap;
import static tk.verify.WrongTensors.swapLayers;
import static tk.verify.WrongValues.copyRows;
import static tk.verify.WrongValues.lowRank;
import static tk.verify.WrongValues.plus;
import static tk.verify.WrongValues.roll;
import static tk.verify.WrongValues.scale;
import static tk.verify.WrongValues.swapRows;
import static tk.verify.WrongValues.through;
import static tk.verify.WrongValues.undo;
import static tk.verify.WrongValues.zero;

import tk.tensor.DType;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Conversions whose tensors are wrong. */
final class WeightMutations {
    private static final int D = TinyModel.HEAD_DIM;
    private static final int W = TinyModel.HIDDEN;
    private final List<Mutation> all = new ArrayList<>();

    static List<Mutation> all() {
        WeightMutations mutations = new WeightMutations();
        mutations.rows();
        mutations.places();
        mutations.values();
        mutations.head();
        mutations.presence();
        mutations.precision();
        mutations.all.addAll(StoredByteMutations.all());
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
                m -> change(m, "blk.2.attn_q.weight", WrongValues::undo));
        add(
                g,
                "q rows un-permuted in all layers",
                m -> each(m, "attn_q.weight", WrongValues::undo));
        add(
                g,
                "k rows un-permuted in one layer",
                m -> change(m, "blk.1.attn_k.weight", WrongValues::undo));
        add(
                g,
                "k rows un-permuted in all layers",
                m -> each(m, "attn_k.weight", WrongValues::undo));
        add(
                g,
                "q and k rows un-permuted in all layers",
                m -> {
                    each(m, "attn_q.weight", WrongValues::undo);
                    each(m, "attn_k.weight", WrongValues::undo);
                });
        add(
                g,
                "q rows permuted twice in one layer",
                m -> change(m, "blk.0.attn_q.weight", WrongValues::again));
        add(
                g,
                "k rows permuted twice in all layers",
                m -> each(m, "attn_k.weight", WrongValues::again));
        add(g, "v rows permuted too", m -> change(m, "blk.0.attn_v.weight", WrongValues::again));
        add(
                g,
                "o rows permuted too",
                m -> change(m, "blk.3.attn_output.weight", WrongValues::again));
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
                m -> change(m, "blk.0.attn_output.weight", WrongValues::swapColumns));
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
                m -> change(m, "blk.1.attn_q.weight", WrongValues::transposed));
        add(
                g,
                "a square matrix transposed: o",
                m -> change(m, "blk.1.attn_output.weight", WrongValues::transposed));
        add(
                g,
                "a square matrix transposed: down",
                m -> change(m, "blk.2.ffn_down.weight", WrongValues::transposed));
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
}
