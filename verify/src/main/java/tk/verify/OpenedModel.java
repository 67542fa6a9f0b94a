package tk.verify;

import tk.checkpoint.Checkpoint;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tokenizer.TokenizerFiles;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;
import tk.verify.settings.Setting;
import tk.verify.settings.Settings;
import tk.verify.tokens.SourceVocabulary;
import tk.verify.tokens.Vocabulary;
import tk.verify.weights.CanonicalWeights;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model as it is checked and measured: its weights, settings and vocabulary by this module's own
 * reading of them. The source stays open, and the caller's.
 */
public final class OpenedModel {
    /**
     * Weights of a model up to this size are read once and kept, as they are stored: a prompt of a
     * few tokens, or one more token, would else cost a reading of the whole file.
     */
    private static final long RESIDENT = 640L << 20;

    private final ModelSource source;
    private final Optional<ModelConfig> config;
    private final Settings settings;

    private OpenedModel(ModelSource source, Optional<ModelConfig> config, Settings settings) {
        this.source = source;
        this.config = config;
        this.settings = settings;
    }

    /**
     * Reads a model's settings.
     *
     * @throws tk.error.TkException where it has none, or they contradict its weights
     */
    public static OpenedModel of(ModelSource source) {
        Optional<GgufMetadata> gguf = source.gguf();
        if (gguf.isPresent()) {
            Settings settings = Settings.of(gguf.get(), source.weights());
            return new OpenedModel(source, Optional.empty(), settings);
        }
        ModelConfig config = source.requireConfig();
        return new OpenedModel(source, Optional.of(config), Settings.of(config));
    }

    /** Where it was read from. */
    ModelSource source() {
        return source;
    }

    /** Of any but a GGUF, which says everything itself. */
    Optional<ModelConfig> config() {
        return config;
    }

    /** What steers it. */
    public Settings settings() {
        return settings;
    }

    /** Whether it is a GGUF, which says everything itself. */
    boolean isGguf() {
        return source.gguf().isPresent();
    }

    /** The weights by what they are for. */
    public CanonicalWeights weights() {
        return weights(settings.whole(Setting.HEADS), settings.whole(Setting.KV_HEADS));
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
    public boolean hasVocabulary() {
        return isGguf()
                ? source.gguf().flatMap(gguf -> gguf.string("tokenizer.ggml.model")).isPresent()
                : source.tokenizer().model().isPresent() || source.tokenizer().json().isPresent();
    }

    /** The vocabulary, read anew. */
    public Vocabulary vocabulary() {
        if (source.gguf().isPresent()) return Vocabulary.of(source.gguf().get());
        List<JsonObject> configs = new ArrayList<>();
        config.ifPresent(settings -> configs.add(settings.json()));
        source.generationConfig().ifPresent(configs::add);
        TokenizerFiles files = source.tokenizer();
        return SourceVocabulary.of(files, configs);
    }

    /** The forward pass; the caller closes it. */
    public ReferenceModel model(int threads) {
        return model(
                ReferenceModels.Options.standard()
                        .withThreads(threads)
                        .withResidentBytes(RESIDENT));
    }

    /** The forward pass as {@code options} have it; the caller closes it. */
    public ReferenceModel model(ReferenceModels.Options options) {
        return model(source.weights(), options);
    }

    /**
     * The forward pass with other weights of the same names and shapes, each of them read where it
     * is used: once, by a run of all prompts.
     */
    ReferenceModel model(Checkpoint weights, int threads) {
        return model(weights, ReferenceModels.Options.standard().withThreads(threads));
    }

    private ReferenceModel model(Checkpoint weights, ReferenceModels.Options options) {
        return config.isPresent()
                ? ReferenceModels.open(weights, config.get(), options)
                : ReferenceModels.openGguf(weights, source.gguf().orElseThrow(), options);
    }
}
