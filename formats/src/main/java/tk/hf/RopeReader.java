package tk.hf;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.hf.ModelConfig.Rope;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads the rotary embedding's settings in both spellings: {@code rope_theta} beside {@code
 * rope_scaling} (with {@code rope_type} or the older {@code type}), or both within {@code
 * rope_parameters}.
 *
 * <p>Which wins where several are given is transformers' rule: {@code rope_scaling} over {@code
 * rope_parameters}; {@code rope_theta} inside over the one outside; {@code rope_type} over {@code
 * type}; {@code original_max_position_embeddings} outside over the one inside, and absent from both
 * it is {@code max_position_embeddings}.
 */
final class RopeReader {
    static final double DEFAULT_THETA = 10000.0;
    private static final String ORIGINAL = "original_max_position_embeddings";

    private static final JsonObject EMPTY = new JsonObject(new LinkedHashMap<>());

    private RopeReader() {}

    static Rope read(ConfigFields config, int maxPositions, int headDim) {
        ConfigFields rope =
                config.object("rope_scaling")
                        .filter(scaling -> !scaling.json().members().isEmpty())
                        .or(() -> config.object("rope_parameters"))
                        .orElse(new ConfigFields(EMPTY, config.file(), ""));
        refusePerLayer(rope);
        requireWholeHead(config);
        requireWholeHead(rope);
        double theta =
                rope.optionalNumber("rope_theta", 0, true)
                        .or(() -> config.optionalNumber("rope_theta", 0, true))
                        .orElse(DEFAULT_THETA);
        String type = rope.string("rope_type").or(() -> rope.string("type")).orElse("default");
        RopeScaling scaling =
                switch (type.toLowerCase(Locale.ROOT)) {
                    case "default" -> new RopeScaling.None();
                    case "linear" -> new RopeScaling.Linear(factor(rope));
                    case "dynamic" -> new RopeScaling.Dynamic(factor(rope));
                    case "llama3" -> llama3(config, rope, maxPositions);
                    case "yarn" -> yarn(config, rope, maxPositions);
                    case "longrope" -> longRope(config, rope, maxPositions, headDim);
                    default ->
                            throw new UnsupportedException(
                                    "%s: %srope_type: `%s` is not supported"
                                            .formatted(rope.file(), rope.path(), type),
                                    "Supported: default, linear, dynamic, llama3, yarn, longrope.");
                };
        return new Rope(theta, scaling);
    }

    private static double factor(ConfigFields rope) {
        return rope.number("factor", 0, true);
    }

    private static RopeScaling llama3(ConfigFields config, ConfigFields rope, int maxPositions) {
        double low = rope.number("low_freq_factor", 0, true);
        double high = rope.number("high_freq_factor", 0, true);
        if (high <= low) {
            throw new MalformedException(
                    "%s: %shigh_freq_factor %s must be above low_freq_factor %s"
                            .formatted(rope.file(), rope.path(), high, low));
        }
        return new RopeScaling.Llama3(
                factor(rope), low, high, originalContext(config, rope, maxPositions));
    }

    private static RopeScaling yarn(ConfigFields config, ConfigFields rope, int maxPositions) {
        if (!rope.bool("truncate", true)) {
            throw new UnsupportedException(
                    "%s: %struncate: false is not supported for yarn"
                            .formatted(rope.file(), rope.path()),
                    "GGUF has no place for it: llama.cpp always truncates the correction range.");
        }
        int original = originalContext(config, rope, maxPositions);
        return new RopeScaling.Yarn(
                // Explicitly null, not left out, asks for the ratio of the two context lengths.
                rope.isNull("factor") ? (double) maxPositions / original : factor(rope),
                original,
                orDefault(rope.optionalNumber("beta_fast", 0, false), 32.0),
                orDefault(rope.optionalNumber("beta_slow", 0, false), 1.0),
                rope.optionalNumber("attention_factor", 0, false),
                rope.optionalNumber("mscale", 0, false),
                rope.optionalNumber("mscale_all_dim", 0, false));
    }

    /** Zero counts as left out, as in transformers. */
    private static double orDefault(Optional<Double> value, double otherwise) {
        return value.filter(v -> v != 0).orElse(otherwise);
    }

    private static RopeScaling longRope(
            ConfigFields config, ConfigFields rope, int maxPositions, int headDim) {
        int pairs = headDim / 2;
        int original = originalContext(config, rope, maxPositions);
        return new RopeScaling.LongRope(
                factors(rope, "short_factor", pairs),
                factors(rope, "long_factor", pairs),
                rope.optionalNumber("factor", 0, true).orElse((double) maxPositions / original),
                original,
                rope.optionalNumber("attention_factor", 0, false));
    }

    private static List<Double> factors(ConfigFields rope, String key, int pairs) {
        List<Double> factors = rope.numbers(key, 1 << 19);
        if (factors.size() != pairs) {
            throw new MalformedException(
                    "%s: %s%s: expected %d numbers (head_dim / 2), found %d"
                            .formatted(rope.file(), rope.path(), key, pairs, factors.size()));
        }
        return factors;
    }

    private static int originalContext(ConfigFields config, ConfigFields rope, int maxPositions) {
        return config.optionalWhole(ORIGINAL, 1, 1 << 30)
                .or(() -> rope.optionalWhole(ORIGINAL, 1, 1 << 30))
                .orElse(maxPositions);
    }

    /** Newer hybrids give each kind of layer its own object of settings. */
    private static void refusePerLayer(ConfigFields rope) {
        for (var member : rope.json().members().entrySet()) {
            if (member.getValue() instanceof JsonObject) {
                throw new UnsupportedException(
                        "%s: %s%s: rotary settings by kind of layer are not supported"
                                .formatted(rope.file(), rope.path(), member.getKey()),
                        "Supported: one set of settings for all layers.");
            }
        }
    }

    private static void requireWholeHead(ConfigFields fields) {
        fields.optionalNumber("partial_rotary_factor", 0, true)
                .filter(factor -> factor != 1.0)
                .ifPresent(
                        factor -> {
                            throw new UnsupportedException(
                                    "%s: %spartial_rotary_factor: %s is not supported"
                                            .formatted(fields.file(), fields.path(), factor),
                                    "Supported: 1.0, the whole head rotated.");
                        });
    }
}
