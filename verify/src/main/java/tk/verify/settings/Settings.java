package tk.verify.settings;

import tk.checkpoint.Checkpoint;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;
import tk.tensor.Tensor;

import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * A model's settings in one spelling.
 *
 * @param values each setting that the file gives, or that its absence stands for
 * @param names what the file calls each
 * @param rotary how the rotary frequencies are stretched
 */
public record Settings(
        Map<Setting, Double> values, Function<Setting, String> names, RotaryScaling rotary) {
    /** Copies the map. */
    public Settings {
        values = new EnumMap<>(values);
    }

    /** Of a {@code config.json}. */
    public static Settings of(ModelConfig config) {
        Map<Setting, Double> values = new EnumMap<>(Setting.class);
        values.put(Setting.LAYERS, (double) config.layers());
        values.put(Setting.HIDDEN, (double) config.hiddenSize());
        values.put(Setting.FEED_FORWARD, (double) config.feedForward());
        values.put(Setting.HEADS, (double) config.heads());
        values.put(Setting.KV_HEADS, (double) config.kvHeads());
        values.put(Setting.KEY_LENGTH, (double) config.headDim());
        values.put(Setting.VALUE_LENGTH, (double) config.headDim());
        values.put(Setting.ROTARY_DIMENSIONS, (double) config.headDim());
        values.put(Setting.NORM_EPS, config.normEps());
        values.put(Setting.THETA, config.rope().theta());
        values.put(Setting.CONTEXT, (double) config.maxPositions());
        values.put(Setting.VOCABULARY, (double) config.vocabSize());
        return new Settings(values, Setting::hf, RotaryScaling.of(config));
    }

    /**
     * Of a GGUF, with what llama.cpp assumes where a key is absent (llama.cpp, {@code
     * llama_model::load_hparams}).
     */
    public static Settings of(GgufMetadata gguf, Checkpoint checkpoint) {
        String prefix = gguf.string("general.architecture").orElse("llama") + ".";
        Map<Setting, Double> values = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            OptionalDouble value = gguf.number(prefix + setting.gguf());
            if (value.isPresent()) values.put(setting, value.getAsDouble());
        }
        Double heads = values.get(Setting.HEADS);
        Double hidden = values.get(Setting.HIDDEN);
        if (heads != null) values.putIfAbsent(Setting.KV_HEADS, heads);
        if (heads != null && hidden != null && heads > 0) {
            values.putIfAbsent(Setting.KEY_LENGTH, hidden / heads);
            values.putIfAbsent(Setting.VALUE_LENGTH, hidden / heads);
        }
        Double key = values.get(Setting.KEY_LENGTH);
        if (key != null) values.putIfAbsent(Setting.ROTARY_DIMENSIONS, key);
        values.putIfAbsent(Setting.THETA, 10000.0);
        gguf.strings("tokenizer.ggml.tokens")
                .ifPresent(
                        tokens -> values.putIfAbsent(Setting.VOCABULARY, (double) tokens.size()));
        Tensor embedding = checkpoint.tensors().get("token_embd.weight");
        if (embedding != null) {
            values.putIfAbsent(Setting.VOCABULARY, (double) embedding.info().shape().rows());
        }
        return new Settings(
                values,
                setting -> prefix + setting.gguf(),
                RotaryScaling.of(gguf, prefix, checkpoint));
    }

    /** A setting as a whole number; 0 where there is none. */
    public int whole(Setting setting) {
        return (int) (double) values.getOrDefault(setting, 0.0);
    }
}
