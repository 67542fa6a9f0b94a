package tk.verify;

import tk.checkpoint.Checkpoint;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tokenizer.TokenizerFiles;
import tk.verify.reference.LogitModel;
import tk.verify.reference.ReferenceModels;
import tk.verify.settings.Settings;
import tk.verify.tokens.SourceVocabulary;
import tk.verify.tokens.Vocabulary;
import tk.verify.weights.CanonicalWeights;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One of the two models of a verification, with what the gates ask of it.
 *
 * @param source the open model; the caller's
 * @param config of any but a GGUF, which says everything itself
 * @param settings what steers it
 */
record Side(ModelSource source, Optional<ModelConfig> config, Settings settings) {

    static Side of(ModelSource source) {
        Optional<GgufMetadata> gguf = source.gguf();
        if (gguf.isPresent()) {
            Settings settings = Settings.of(gguf.get(), source.weights());
            return new Side(source, Optional.empty(), settings);
        }
        ModelConfig config = source.requireConfig();
        return new Side(source, Optional.of(config), Settings.of(config));
    }

    /** Whether it is a GGUF, which says everything itself. */
    boolean isGguf() {
        return source.gguf().isPresent();
    }

    /**
     * The weights by what they are for.
     *
     * @param heads of the queries, which the reference decides
     * @param kvHeads of the keys
     */
    CanonicalWeights weights(int heads, int kvHeads) {
        return CanonicalWeights.of(source.weights(), source.gguf(), heads, kvHeads);
    }

    /** Whether there is a tokenizer to read. */
    boolean hasVocabulary() {
        return isGguf()
                ? source.gguf().flatMap(gguf -> gguf.string("tokenizer.ggml.model")).isPresent()
                : source.tokenizer().model().isPresent() || source.tokenizer().json().isPresent();
    }

    /** The vocabulary, read anew. */
    Vocabulary vocabulary() {
        if (source.gguf().isPresent()) return Vocabulary.of(source.gguf().get());
        List<JsonObject> configs = new ArrayList<>();
        config.ifPresent(settings -> configs.add(settings.json()));
        source.generationConfig().ifPresent(configs::add);
        TokenizerFiles files = source.tokenizer();
        return SourceVocabulary.of(files, configs);
    }

    /** The forward pass. */
    LogitModel model(int threads) {
        return model(source.weights(), threads);
    }

    /** The forward pass with other weights of the same names and shapes. */
    LogitModel model(Checkpoint weights, int threads) {
        return config.isPresent()
                ? ReferenceModels.open(weights, config.get(), threads)
                : ReferenceModels.openGguf(weights, source.gguf().orElseThrow(), threads);
    }
}
