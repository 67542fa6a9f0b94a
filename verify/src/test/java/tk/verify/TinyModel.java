package tk.verify;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;

/**
 * A small model of random weights, with a tokenizer, as a Hugging Face folder has it.
 *
 * @param config {@code config.json}
 * @param vocabulary {@code tokenizer.model}
 * @param weights values by Hugging Face name, in the order of the computation
 * @param shapes extents by name
 */
record TinyModel(
        JsonObject config,
        TinyVocabulary vocabulary,
        SequencedMap<String, float[]> weights,
        Map<String, long[]> shapes) {

    static final int HIDDEN = 256;
    static final int LAYERS = 4;
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final int HEAD_DIM = 64;
    static final int INNER = 256;

    /** The usual one: Llama, untied, byte pieces. */
    static TinyModel llama() {
        return of("LlamaForCausalLM", TinyVocabulary.train(60, true), Map.of(), 1);
    }

    /**
     * A model of a family.
     *
     * @param changes settings in place of the usual
     */
    static TinyModel of(
            String architecture,
            TinyVocabulary vocabulary,
            Map<String, Object> changes,
            long seed) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("architectures", List.of(architecture));
        settings.put(
                "model_type",
                architecture.replace("ForCausalLM", "").toLowerCase(java.util.Locale.ROOT));
        settings.put("hidden_size", HIDDEN);
        settings.put("num_hidden_layers", LAYERS);
        settings.put("num_attention_heads", HEADS);
        settings.put("num_key_value_heads", KV_HEADS);
        settings.put("head_dim", HEAD_DIM);
        settings.put("intermediate_size", INNER);
        settings.put("rms_norm_eps", 1e-5);
        settings.put("rope_theta", 10000.0);
        settings.put("vocab_size", vocabulary.pieces().size());
        settings.put("max_position_embeddings", 128);
        settings.put("hidden_act", "silu");
        settings.put("tie_word_embeddings", false);
        settings.put("bos_token_id", 1);
        settings.put("eos_token_id", 2);
        settings.putAll(changes);
        JsonObject config = (JsonObject) JsonValue.of(settings);
        TinyModel model =
                new TinyModel(config, vocabulary, new LinkedHashMap<>(), new LinkedHashMap<>());
        model.fill(new SplittableRandom(seed), architecture);
        return model;
    }

    private void fill(SplittableRandom random, String architecture) {
        int rows = (int) (long) config.number("vocab_size").orElseThrow().asLong().orElseThrow();
        boolean tied = config.bool("tie_word_embeddings").orElse(false);
        boolean all = config.bool("attention_bias").orElse(false);
        boolean some = all || architecture.startsWith("Qwen2");
        matrix(random, "model.embed_tokens", rows, HIDDEN, false);
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            norm(random, layer + "input_layernorm", HIDDEN);
            matrix(random, layer + "self_attn.q_proj", HEADS * HEAD_DIM, HIDDEN, some);
            matrix(random, layer + "self_attn.k_proj", KV_HEADS * HEAD_DIM, HIDDEN, some);
            matrix(random, layer + "self_attn.v_proj", KV_HEADS * HEAD_DIM, HIDDEN, some);
            if (architecture.startsWith("Qwen3")) {
                norm(random, layer + "self_attn.q_norm", HEAD_DIM);
                norm(random, layer + "self_attn.k_norm", HEAD_DIM);
            }
            matrix(random, layer + "self_attn.o_proj", HIDDEN, HEADS * HEAD_DIM, all);
            norm(random, layer + "post_attention_layernorm", HIDDEN);
            matrix(random, layer + "mlp.gate_proj", INNER, HIDDEN, false);
            matrix(random, layer + "mlp.up_proj", INNER, HIDDEN, false);
            matrix(random, layer + "mlp.down_proj", HIDDEN, INNER, false);
        }
        norm(random, "model.norm", HIDDEN);
        if (!tied) matrix(random, "lm_head", rows, HIDDEN, false);
    }

    private void matrix(SplittableRandom random, String stem, int rows, int columns, boolean bias) {
        float[] values = new float[rows * columns];
        // Wide enough that attention is far from uniform and an error shows.
        double spread = 1.5 / Math.sqrt(columns);
        for (int i = 0; i < values.length; i++) {
            // What BF16 and F16 hold exactly, so that every float type can be a source.
            values[i] = coarse(random.nextGaussian() * spread);
        }
        put(stem + ".weight", values, rows, columns);
        if (bias) {
            float[] offsets = new float[rows];
            for (int i = 0; i < rows; i++) offsets[i] = coarse(random.nextGaussian());
            put(stem + ".bias", offsets, rows);
        }
    }

    private void norm(SplittableRandom random, String stem, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) values[i] = coarse(random.nextDouble(0.5, 1.5));
        put(stem + ".weight", values, length);
    }

    /** A value of seven significant bits, not too small. */
    private static float coarse(double value) {
        float rounded = Float.intBitsToFloat(Float.floatToIntBits((float) value) & 0xfffe0000);
        return Math.abs(rounded) < 1e-3 ? 0x1p-10f : rounded;
    }

    private void put(String name, float[] values, long... shape) {
        weights.put(name, values);
        shapes.put(name, shape);
    }

    /**
     * A copy whose hidden states all point the same way in their first value, as trained models' do
     * in some direction: what rows for added tokens can lean on to be unlikely everywhere.
     */
    TinyModel leaning() {
        TinyModel copy = copy();
        copy.weights()
                .forEach(
                        (name, values) -> {
                            boolean embedding = name.contains("embed_tokens");
                            boolean head = name.contains("lm_head");
                            for (int row = 0; row < values.length / HIDDEN; row++) {
                                if (embedding) values[row * HIDDEN] = 4;
                                if (head) values[row * HIDDEN] = 0;
                            }
                            if (name.contains("o_proj.weight") || name.contains("down_proj")) {
                                java.util.Arrays.fill(values, 0, HIDDEN, 0);
                            }
                            if (name.equals("model.norm.weight")) values[0] = 2;
                        });
        return copy;
    }

    /** A copy whose weights can be changed. */
    TinyModel copy() {
        SequencedMap<String, float[]> copies = new LinkedHashMap<>();
        weights.forEach((name, values) -> copies.put(name, values.clone()));
        return new TinyModel(config, vocabulary, copies, shapes);
    }

    /** The weights in memory. */
    Checkpoint checkpoint(DType type) {
        List<Tensor> tensors = new ArrayList<>();
        weights.forEach(
                (name, values) -> tensors.add(TinyTensor.of(name, type, values, shapes.get(name))));
        return new TensorMap(tensors, Map.of("format", "pt"), List.of());
    }

    /** Writes config.json, model.safetensors and tokenizer.model into a new folder. */
    Path write(Path folder, DType type) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), JsonText.PRETTY.write(config));
            Files.write(folder.resolve("tokenizer.model"), vocabulary.file());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        new PlanWriter(1, Progress.NONE)
                .write(
                        SafetensorsWriter.plan(
                                checkpoint(type),
                                Map.of("format", "pt"),
                                folder.resolve("model.safetensors")),
                        false);
        return folder;
    }
}
