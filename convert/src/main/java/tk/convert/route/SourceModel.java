package tk.convert.route;

import tk.convert.HfModel;
import tk.convert.gguf.GgufConfig;
import tk.convert.gguf.ModelOrigin;
import tk.convert.gguf.TensorOrder;
import tk.hf.ModelConfig;
import tk.json.JsonValue.JsonObject;
import tk.json.PythonJson;
import tk.model.ModelSource;

import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * A source in Hugging Face's terms, with what a GGUF file tells beside the weights.
 *
 * @param source what it was made from
 * @param model its weights and configuration
 * @param origin what is told about it
 * @param order of its tensors in a GGUF file
 */
record SourceModel(ModelSource source, HfModel model, ModelOrigin origin, TensorOrder order) {

    /** Reads names, shapes and configuration of a source; of the values only a tied head's. */
    static SourceModel of(ModelSource source, ConvertOptions options) {
        String place = source.path().toString();
        ModelConfig config = config(source, place);
        HfModel model =
                HfModel.of(
                        place, source.weights(), config, options.keyMap(), options.padVocabulary());
        if (source.gguf().isEmpty() && source.hasSavedConfig())
            model = model.noted(asSaved(config));
        boolean folder = Files.isDirectory(source.path());
        return new SourceModel(
                source,
                model,
                folder ? ModelOrigin.of(source.path(), config.json()) : ofFile(source),
                order(source, folder));
    }

    private static String asSaved(ModelConfig config) {
        return "no config.json: %d heads, %d for keys and values, context %d, epsilon %s and rope_theta %s are what the checkpoint itself says"
                .formatted(
                        config.heads(),
                        config.kvHeads(),
                        config.maxPositions(),
                        PythonJson.ofFloat(config.normEps()).text(),
                        PythonJson.ofFloat(config.rope().theta()).text());
    }

    private static ModelConfig config(ModelSource source, String place) {
        // Beside a GGUF file may lie anything; only what the user names replaces its own.
        if (source.gguf().isPresent() && source.options().config().isEmpty()) {
            return GgufConfig.of(place, source.gguf().get(), source.weights());
        }
        return source.requireConfig();
    }

    /** A lone file tells its name; sampling hints may lie beside it. */
    private static ModelOrigin ofFile(ModelSource source) {
        return new ModelOrigin(
                ModelOrigin.stemOf(source.path()),
                Optional.empty(),
                new JsonObject(new LinkedHashMap<>()),
                source.generationConfig(),
                List.of());
    }

    private static TensorOrder order(ModelSource source, boolean folder) {
        if (!folder || isMeta(source)) return TensorOrder.BY_NAME;
        return isSafetensors(source) ? TensorOrder.BY_FILE_AND_NAME : TensorOrder.AS_STORED;
    }

    private static boolean isSafetensors(ModelSource source) {
        return Files.isRegularFile(source.path().resolve("model.safetensors"))
                || Files.isRegularFile(source.path().resolve("model.safetensors.index.json"));
    }

    /** Whether the source is Meta's own release. */
    static boolean isMeta(ModelSource source) {
        return source.format().startsWith("Meta");
    }

    /** Whether the source is a folder whose maker put tokenizer and weights together. */
    boolean isHuggingFaceFolder() {
        return Files.isDirectory(source.path()) && order != TensorOrder.BY_NAME;
    }
}
