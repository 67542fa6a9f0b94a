package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.tensor.Tensor;
import tk.verify.reference.Adaptation.Beside;
import tk.verify.reference.Adaptation.Factors;
import tk.verify.reference.Adaptation.Rows;
import tk.verify.reference.Decoder.Layer;
import tk.verify.reference.Decoder.Linear;

import java.util.ArrayList;
import java.util.List;

/** Puts adapters beside a decoder's weights, in whichever order of rows those are stored. */
final class AdaptedDecoder {
    private static final Kernels KERNELS = new ScalarKernels();

    private final Decoder model;
    private final Beside beside;

    private AdaptedDecoder(Decoder model, Beside beside) {
        this.model = model;
        this.beside = beside;
    }

    /** The same decoder, adapters beside it. */
    static Decoder of(Decoder model, Beside beside) {
        return beside.adaptations().isEmpty() ? model : new AdaptedDecoder(model, beside).adapted();
    }

    private Decoder adapted() {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < model.layers().size(); i++) layers.add(layer(i));
        return new Decoder(
                model.name(),
                model.hidden(),
                model.heads(),
                model.kvHeads(),
                model.headDim(),
                model.feedForward(),
                model.contextLength(),
                model.normEps(),
                model.rope(),
                model.layout(),
                embedding(),
                layers,
                vector(model.finalNorm(), "model.norm.weight", 0),
                linear(head(), Adaptation.HEAD, 0));
    }

    private Layer layer(int number) {
        Layer layer = model.layers().get(number);
        String stem = "model.layers." + number + ".";
        String attention = stem + "self_attn.";
        String mlp = stem + "mlp.";
        return new Layer(
                vector(layer.attentionNorm(), stem + "input_layernorm.weight", 0),
                linear(layer.query(), attention + "q_proj", model.heads()),
                linear(layer.key(), attention + "k_proj", model.kvHeads()),
                linear(layer.value(), attention + "v_proj", 0),
                optional(layer.queryNorm(), attention + "q_norm.weight"),
                optional(layer.keyNorm(), attention + "k_norm.weight"),
                linear(layer.output(), attention + "o_proj", 0),
                vector(layer.mlpNorm(), stem + "post_attention_layernorm.weight", 0),
                linear(layer.gate(), mlp + "gate_proj", 0),
                linear(layer.up(), mlp + "up_proj", 0),
                linear(layer.down(), mlp + "down_proj", 0),
                layer.window());
    }

    /** The embedding: its rows are looked up, so that what is added is added to a row. */
    private Weights embedding() {
        Weights weights = model.embedding();
        for (Adaptation adaptation : beside.adaptations()) {
            weights = replaced(adaptation, weights, Adaptation.EMBEDDING, Adaptation.HEAD);
            Factors factors = adaptation.added().get(Adaptation.EMBEDDING);
            if (factors != null) weights = new Weights(AdaptedRows.of(weights, factors));
        }
        return weights;
    }

    /** The head's matrix, without what is added to its outputs. */
    private Linear head() {
        Weights weights = model.head().weights();
        for (Adaptation adaptation : beside.adaptations()) {
            weights = replaced(adaptation, weights, Adaptation.HEAD, Adaptation.EMBEDDING);
        }
        return new Linear(weights, model.head().bias());
    }

    /** What an adapter holds in place of embedding or head, or of rows of them. */
    private Weights replaced(Adaptation adaptation, Weights old, String module, String partner) {
        Tensor whole = adaptation.replaced().get(module + ".weight");
        if (whole == null && beside.tied()) whole = adaptation.replaced().get(partner + ".weight");
        Weights weights = whole == null ? old : new Weights(whole);
        Rows rows = adaptation.rows().get(module);
        if (rows == null && beside.tied()) rows = adaptation.rows().get(partner);
        return rows == null ? weights : new Weights(AdaptedRows.of(weights, rows));
    }

    /**
     * A layer's matrix with what adapters add to its outputs.
     *
     * @param heads whose rows may lie in the interleaved order; 0: none
     */
    private Linear linear(Linear base, String module, int heads) {
        Weights weights = base.weights();
        float[] bias = base.bias();
        List<Branch> branches = new ArrayList<>();
        for (Adaptation adaptation : beside.adaptations()) {
            Tensor whole = adaptation.replaced().get(module + ".weight");
            if (whole != null) {
                // The head's was put in its place before: it may be the embedding's.
                if (!module.equals(Adaptation.HEAD)) weights = new Weights(ordered(whole, heads));
                branches.clear();
            }
            if (bias != null) bias = vector(bias, adaptation, module + ".bias", heads);
            Factors factors = adaptation.added().get(module);
            if (factors == null) continue;
            Branch branch = branch(factors, heads);
            if (factors.magnitude().isPresent()) {
                float[] magnitudes = values(ordered(factors.magnitude().get(), heads));
                branch = branch.scaledTo(magnitudes, weights, branches);
            }
            branches.add(branch);
            if (bias != null && factors.bias().isPresent()) {
                bias = sum(bias, values(ordered(factors.bias().get(), heads)), branch.scale());
            }
        }
        return new Linear(weights, bias, List.copyOf(branches));
    }

    private Branch branch(Factors factors, int heads) {
        return new Branch(
                new Weights(factors.a()),
                new Weights(ordered(factors.b(), heads)),
                (float) factors.scale(),
                null);
    }

    /** Rows in the order that the model's rotary layout wants. */
    private Tensor ordered(Tensor halves, int heads) {
        boolean interleaved = heads > 0 && model.layout() == RotaryLayout.INTERLEAVED;
        return interleaved ? new InterleavedRows(halves, model.headDim()) : halves;
    }

    private static float[] sum(float[] bias, float[] added, float scale) {
        float[] sum = new float[bias.length];
        for (int i = 0; i < sum.length; i++) sum[i] = bias[i] + scale * added[i];
        return sum;
    }

    private float @Nullable [] optional(float @Nullable [] base, String name) {
        return base == null ? null : vector(base, name, 0);
    }

    private float[] vector(float[] base, String name, int heads) {
        float[] values = base;
        for (Adaptation adaptation : beside.adaptations()) {
            values = vector(values, adaptation, name, heads);
        }
        return values;
    }

    private float[] vector(float[] base, Adaptation adaptation, String name, int heads) {
        Tensor replaced = adaptation.replaced().get(name);
        return replaced == null ? base : values(ordered(replaced, heads));
    }

    private static float[] values(Tensor vector) {
        Weights weights = new Weights(vector);
        float[] values = new float[weights.columns()];
        weights.read(KERNELS, 0, 1, values);
        return values;
    }
}
