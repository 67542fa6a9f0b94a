package tk.modelfile.check;

import tk.json.JsonValue.JsonObject;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Where Ollama's importer reads other settings than the model's {@code config.json} has. */
final class SettingsImport {
    /** What it takes where it finds no {@code rope_theta} at the top. */
    private static final double ROPE_THETA = 10000;

    private SettingsImport() {}

    static void warn(JsonObject config, List<String> warnings) {
        Optional<JsonObject> parameters = config.object("rope_parameters");
        Optional<Double> theta =
                parameters.flatMap(p -> p.number("rope_theta")).map(n -> n.asDouble());
        if (config.number("rope_theta").isEmpty()
                && theta.filter(t -> t != ROPE_THETA).isPresent()) {
            warnings.add(
                    "rope_theta %s is within rope_parameters, where Ollama does not look: it takes 10000"
                            .formatted(theta.get()));
        }
        parameters
                .flatMap(SettingsImport::type)
                .filter(type -> !type.equals("default"))
                .filter(type -> config.object("rope_scaling").isEmpty())
                .ifPresent(
                        type ->
                                warnings.add(
                                        "rope scaling `%s` is within rope_parameters, where Ollama does not look: none is applied"
                                                .formatted(type)));
        config.object("rope_scaling").ifPresent(scaling -> scaling(scaling, warnings));
        headDim(config, warnings);
    }

    private static Optional<String> type(JsonObject rope) {
        return rope.string("rope_type").or(() -> rope.string("type"));
    }

    private static void scaling(JsonObject scaling, List<String> warnings) {
        boolean linear = scaling.string("type").filter("linear"::equals).isPresent();
        boolean llama3 = type(scaling).filter("llama3"::equals).isPresent();
        type(scaling)
                .filter(type -> !linear && !llama3 && !type.equals("default"))
                .ifPresent(
                        type ->
                                warnings.add(
                                        "rope scaling `%s` is not applied by Ollama's importer"
                                                .formatted(type)));
    }

    private static void headDim(JsonObject config, List<String> warnings) {
        Optional<Double> given = config.number("head_dim").map(n -> n.asDouble());
        Optional<Double> hidden = config.number("hidden_size").map(n -> n.asDouble());
        Optional<Double> heads = config.number("num_attention_heads").map(n -> n.asDouble());
        if (given.isPresent() && hidden.isPresent() && heads.isPresent()) {
            double usual = hidden.get() / heads.get();
            if (given.get() != usual) {
                warnings.add(
                        String.format(
                                Locale.ROOT,
                                "head_dim %.0f is not hidden_size / num_attention_heads (%.0f), which Ollama takes for the rotary dimensions",
                                given.get(),
                                usual));
            }
        }
    }
}
