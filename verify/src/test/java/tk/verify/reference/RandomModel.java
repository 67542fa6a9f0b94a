package tk.verify.reference;

import tk.checkpoint.TensorMap;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;

/**
 * A small model of random weights in Hugging Face's names.
 *
 * @param config its settings
 * @param weights values by tensor name, row-major
 * @param shapes extents by tensor name
 */
record RandomModel(
        ModelConfig config, SequencedMap<String, float[]> weights, Map<String, long[]> shapes) {

    /** {@code config.json} of 2 layers, 48 wide, 4 heads of 12; 2 key heads; 97 tokens. */
    static JsonObject json(String architecture) {
        return parse(
                """
                {"architectures": ["%s"], "hidden_size": 48, "num_hidden_layers": 2,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12,
                 "intermediate_size": 80, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                 "vocab_size": 97, "max_position_embeddings": 64, "hidden_act": "silu",
                 "tie_word_embeddings": false, "model_type": "%s"}
                """
                        .formatted(architecture, modelType(architecture)));
    }

    private static String modelType(String architecture) {
        int end = architecture.indexOf("ForCausalLM");
        return architecture.substring(0, end).toLowerCase(java.util.Locale.ROOT);
    }

    static JsonObject parse(String text) {
        JsonValue value = Json.parse(text.getBytes(StandardCharsets.UTF_8), "config.json");
        return (JsonObject) value;
    }

    static RandomModel of(String architecture, Map<String, String> settings) {
        JsonObject json = json(architecture);
        for (var setting : settings.entrySet()) {
            JsonObject one = parse("{\"v\": " + setting.getValue() + "}");
            json = json.with(setting.getKey(), one.members().get("v"));
        }
        return of(ConfigReader.parse(json, "config.json"));
    }

    static RandomModel of(ModelConfig config) {
        RandomModel model = new RandomModel(config, new LinkedHashMap<>(), new LinkedHashMap<>());
        SplittableRandom random = new SplittableRandom(7);
        int hidden = config.hiddenSize();
        int queries = config.heads() * config.headDim();
        int keys = config.kvHeads() * config.headDim();
        boolean inBias = config.attentionBias();
        boolean outBias = config.attentionBias() && !config.architecture().startsWith("Qwen2");
        model.matrix(random, "model.embed_tokens", config.vocabSize(), hidden, false);
        for (int i = 0; i < config.layers(); i++) {
            String layer = "model.layers." + i + ".";
            model.norm(random, layer + "input_layernorm", hidden);
            model.matrix(random, layer + "self_attn.q_proj", queries, hidden, inBias);
            model.matrix(random, layer + "self_attn.k_proj", keys, hidden, inBias);
            model.matrix(random, layer + "self_attn.v_proj", keys, hidden, inBias);
            model.matrix(random, layer + "self_attn.o_proj", hidden, queries, outBias);
            if (config.family().normalizesHeads()) {
                model.norm(random, layer + "self_attn.q_norm", config.headDim());
                model.norm(random, layer + "self_attn.k_norm", config.headDim());
            }
            model.norm(random, layer + "post_attention_layernorm", hidden);
            model.matrix(
                    random,
                    layer + "mlp.gate_proj",
                    config.feedForward(),
                    hidden,
                    config.mlpBias());
            model.matrix(
                    random, layer + "mlp.up_proj", config.feedForward(), hidden, config.mlpBias());
            model.matrix(
                    random,
                    layer + "mlp.down_proj",
                    hidden,
                    config.feedForward(),
                    config.mlpBias());
        }
        model.norm(random, "model.norm", hidden);
        if (!config.tiedEmbeddings()) {
            model.matrix(random, "lm_head", config.vocabSize(), hidden, false);
        }
        return model;
    }

    private void matrix(SplittableRandom random, String stem, int rows, int columns, boolean bias) {
        float[] values = new float[rows * columns];
        // Wide enough that attention is far from uniform and an error shows.
        double spread = 2 / Math.sqrt(columns);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * spread);
        }
        put(stem + ".weight", values, rows, columns);
        if (bias) {
            float[] offsets = new float[rows];
            for (int i = 0; i < rows; i++) offsets[i] = (float) random.nextGaussian();
            put(stem + ".bias", offsets, rows);
        }
    }

    private void norm(SplittableRandom random, String stem, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) values[i] = (float) random.nextDouble(0.5, 1.5);
        put(stem + ".weight", values, length);
    }

    private void put(String name, float[] values, long... shape) {
        weights.put(name, values);
        shapes.put(name, shape);
    }

    /** The weights as they are. */
    TensorMap checkpoint() {
        List<ArrayTensor> tensors = new ArrayList<>();
        weights.forEach(
                (name, values) ->
                        tensors.add(ArrayTensor.of(name, DType.F32, values, shapes.get(name))));
        return new TensorMap(tensors, Map.of(), List.of());
    }

    /** Ids that look like a text: some again and again. */
    int[] tokens(int count) {
        SplittableRandom random = new SplittableRandom(11);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] =
                    i > 4 && random.nextInt(3) == 0
                            ? ids[random.nextInt(i)]
                            : random.nextInt(config.vocabSize());
        }
        return ids;
    }
}
