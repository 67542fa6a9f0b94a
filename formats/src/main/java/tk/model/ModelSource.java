package tk.model;

import tk.checkpoint.Checkpoint;
import tk.error.IoException;
import tk.error.UsageException;
import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.hf.ConfigInference;
import tk.hf.ConfigReader;
import tk.hf.MetaConfig;
import tk.hf.ModelConfig;
import tk.hf.SavedConfig;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model as its training left it: weights, and what lies beside them. Closing it closes the
 * weights.
 *
 * <p>What lies beside is looked at when it is asked for, so that weights can be listed whatever is
 * wrong with the rest.
 */
public final class ModelSource implements AutoCloseable {
    private final Path path;
    private final Weights found;
    private final Checkpoint weights;
    private final Options options;
    private final Optional<ModelConfig> settings;

    private ModelSource(
            Path path,
            Weights found,
            Checkpoint weights,
            Options options,
            Optional<ModelConfig> settings) {
        this.path = path;
        this.found = found;
        this.weights = weights;
        this.options = options;
        this.settings = settings;
    }

    /**
     * What the user says of an input that does not say it itself.
     *
     * @param config {@code config.json} or the folder that holds it, where it is not beside the
     *     weights
     * @param tokenizer a tokenizer file, or a folder of them
     * @param key which state dict of a training checkpoint to take
     */
    public record Options(Optional<Path> config, Optional<Path> tokenizer, Optional<String> key) {
        /** Nothing: all is found beside the weights. */
        public static final Options NONE =
                new Options(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Opens a file or folder of any kind, recognised by its bytes.
     *
     * @throws tk.error.TkException where it is none that tk reads; the message says what it is
     */
    public static ModelSource open(Path path, Options options) {
        options.config().ifPresent(ModelSource::requireExists);
        options.tokenizer().ifPresent(ModelSource::requireExists);
        requireExists(path);
        Weights weights = Files.isDirectory(path) ? ModelFolder.find(path) : Weights.of(path);
        return new ModelSource(
                path, weights, weights.open(options.key()), options, Optional.empty());
    }

    /**
     * The same model with other weights and settings, such as after an adapter was merged into it.
     *
     * @param weights own what they are made of; closing the result closes them
     * @param tokenizer a folder whose tokenizer takes the place of the model's own
     */
    public ModelSource with(Checkpoint weights, ModelConfig config, Optional<Path> tokenizer) {
        return new ModelSource(
                path,
                found,
                weights,
                new Options(options.config(), tokenizer.or(options::tokenizer), options.key()),
                Optional.of(config));
    }

    private static void requireExists(Path path) {
        if (path.toString().isEmpty()) {
            throw new UsageException(
                    "an empty path is no model", "Is a variable of the shell not set?");
        }
        if (!Files.exists(path))
            throw new IoException(path + ": no such file or folder", "Check the path.");
    }

    /** What the user said of it. */
    public Options options() {
        return options;
    }

    /** As the user gave it. */
    public Path path() {
        return path;
    }

    /** The folder that holds the weights, and what lies beside them. */
    public Path folder() {
        return found.folder();
    }

    /**
     * The format of the weights, as people call it: begins with {@code PyTorch}, {@code
     * safetensors}, {@code GGUF} or {@code Meta}.
     */
    public String format() {
        return found.format();
    }

    /** The weights under the source's own names. */
    public Checkpoint weights() {
        return weights;
    }

    /** The metadata of a GGUF file, which then says everything. */
    public Optional<GgufMetadata> gguf() {
        return weights instanceof GgufFile file ? Optional.of(file.gguf()) : Optional.empty();
    }

    /**
     * The configuration, where there is one.
     *
     * @throws tk.error.MalformedException where it contradicts itself
     * @throws tk.error.UnsupportedException where it is that of a model tk does not convert
     */
    public Optional<ModelConfig> config() {
        if (settings.isPresent()) return settings;
        return configFile()
                .map(this::read)
                .or(
                        () ->
                                found instanceof Weights.Meta meta
                                        ? Optional.of(metaConfig(meta.params()))
                                        : savedConfig());
    }

    /**
     * A {@code config.json}; or Meta's {@code params.json}, which the user may name in its place.
     */
    private ModelConfig read(Path file) {
        JsonObject json = Json.readObject(file);
        boolean metas =
                MetaConfig.recognises(json)
                        && weights.tensors().containsKey("tok_embeddings.weight");
        return metas ? metaConfig(file) : ConfigReader.parse(json, file.toString());
    }

    /** What Meta's {@code params.json} says in the terms of a {@code config.json}. */
    private ModelConfig metaConfig(Path params) {
        Map<String, TensorInfo> infos = new HashMap<>();
        for (TensorInfo info : infos()) infos.put(info.name(), info);
        boolean tiktoken =
                tokenizer()
                        .model()
                        .map(file -> !TokenizerSummary.isSentencePiece(file))
                        .orElse(false);
        return MetaConfig.read(params, infos, tiktoken);
    }

    /** What training saved of the settings in the file of the weights, where that is enough. */
    private Optional<ModelConfig> savedConfig() {
        return SavedConfig.of(weights.metadata())
                .flatMap(saved -> ConfigInference.of(infos()).map(saved::with))
                .filter(SavedConfig::isComplete)
                .map(json -> ConfigReader.parse(json, path + ": the settings saved in it"));
    }

    /**
     * Whether the configuration is made of what training saved in the file of the weights, as there
     * is none beside it.
     */
    public boolean hasSavedConfig() {
        return settings.isEmpty()
                && configFile().isEmpty()
                && !(found instanceof Weights.Meta)
                && savedConfig().isPresent();
    }

    private List<TensorInfo> infos() {
        return weights.tensors().values().stream().map(Tensor::info).toList();
    }

    /**
     * The configuration as it stands in its file, whatever model it is of; for Meta's releases,
     * their {@code params.json}.
     */
    public Optional<JsonObject> configJson() {
        if (settings.isPresent()) return settings.map(ModelConfig::json);
        if (found instanceof Weights.Meta meta && configFile().isEmpty())
            return Optional.of(Json.readObject(meta.params()));
        return configFile().map(Json::readObject).or(() -> savedConfig().map(ModelConfig::json));
    }

    /**
     * The configuration.
     *
     * @throws UsageException where there is none; it says what the shapes tell and what must be
     *     given
     */
    public ModelConfig requireConfig() {
        return config().orElseThrow(
                        () ->
                                ConfigInference.missing(
                                        path, infos(), SavedConfig.of(weights.metadata())));
    }

    /** The settings of text generation, where the model came with some. */
    public Optional<JsonObject> generationConfig() {
        return beside("generation_config.json").map(Json::readObject);
    }

    /** The tokenizer's files: those the user named, else those beside the weights or the config. */
    public TokenizerFiles tokenizer() {
        TokenizerFiles files =
                options.tokenizer()
                        .map(TokenizerFiles::of)
                        .or(
                                () ->
                                        Optional.of(TokenizerFiles.in(folder()))
                                                .filter(TokenizerFiles::isPresent))
                        .or(() -> configFolder().map(TokenizerFiles::in))
                        .or(this::besideMetasFolders)
                        .orElse(TokenizerFiles.NONE);
        files.all().forEach(Weights::refusePointer);
        return files;
    }

    /** Llama 2's tokenizer lies beside the folders of its sizes. */
    private Optional<TokenizerFiles> besideMetasFolders() {
        if (!(found instanceof Weights.Meta)) return Optional.empty();
        return Optional.ofNullable(folder().toAbsolutePath().getParent()).map(TokenizerFiles::in);
    }

    @Override
    public void close() {
        weights.close();
    }

    private Optional<Path> configFile() {
        Optional<Path> file =
                options.config()
                        .map(
                                given ->
                                        Files.isDirectory(given)
                                                ? given.resolve("config.json")
                                                : given)
                        .or(() -> beside("config.json"))
                        .or(this::metasParams);
        file.ifPresent(Weights::refusePointer);
        return file;
    }

    /** Meta's settings beside weights in Meta's names that are no release of shards. */
    private Optional<Path> metasParams() {
        if (!weights.tensors().containsKey("tok_embeddings.weight")) return Optional.empty();
        return beside("params.json").filter(file -> MetaConfig.recognises(Json.readObject(file)));
    }

    private Optional<Path> configFolder() {
        return options.config()
                .map(
                        given ->
                                Files.isDirectory(given)
                                        ? given
                                        : given.toAbsolutePath().getParent());
    }

    /** A file of that name beside the config that the user named, else beside the weights. */
    private Optional<Path> beside(String name) {
        return configFolder()
                .map(other -> other.resolve(name))
                .filter(Files::isRegularFile)
                .or(() -> Optional.of(folder().resolve(name)).filter(Files::isRegularFile))
                .map(
                        file -> {
                            Weights.refusePointer(file);
                            return file;
                        });
    }
}
