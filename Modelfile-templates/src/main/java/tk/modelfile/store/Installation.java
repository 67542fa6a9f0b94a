package tk.modelfile.store;

import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.modelfile.Modelfile;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.VerifiedModelfile;
import tk.modelfile.store.Manifest.Layer;
import tk.modelfile.store.ModelfileLayers.Payload;
import tk.verify.VerifiedArtifact;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A verified model in Ollama's store: {@code ollama run NAME} serves the bytes that were verified.
 *
 * <p>{@code ollama create} would rewrite them; this is {@code create} without that: the same blobs,
 * the same manifest.
 *
 * @param name under which it is there
 * @param manifest the manifest's file
 * @param id what {@code ollama list} prints as ID
 * @param model the model's blob
 */
public record Installation(ModelName name, Path manifest, String id, Path model) {
    /**
     * Refuses a name that is taken, unless it may be replaced.
     *
     * @throws UsageException where it is
     */
    public static void check(OllamaStore store, ModelName name, boolean replace) {
        if (!replace && store.contains(name)) {
            throw new UsageException(
                    "%s: there is a model `%s` already"
                            .formatted(store.root(), store.existing(name)),
                    "Add --force to replace it, or choose another name.");
        }
    }

    /**
     * Writes blobs, configuration and, last, the manifest; then reads all of it again.
     *
     * @param verified one GGUF file
     * @param instructions of its Modelfile, FROM left out
     * @param replace whether a model of that name may be replaced; its blobs stay until Ollama
     *     itself removes what no manifest names
     * @throws UsageException where the name is taken
     * @throws IllegalArgumentException where TEMPLATE is not the one that was verified
     */
    public static Installation write(
            VerifiedArtifact verified,
            List<Instruction> instructions,
            OllamaStore store,
            ModelName wanted,
            boolean replace) {
        if (!Files.isRegularFile(verified.path())) {
            throw new UnsupportedException(
                    verified.path() + ": only a GGUF of one file can be installed",
                    "Package it without --format safetensors.");
        }
        VerifiedModelfile.requireVerified(verified, instructions);
        check(store, wanted, replace);
        ModelName name = store.existing(wanted);
        List<Instruction> all = new ArrayList<>(List.of(new From("./model.gguf")));
        all.addAll(instructions);
        Modelfile modelfile = new Modelfile(all);
        List<Payload> payloads = ModelfileLayers.of(modelfile);

        StoreWriter writer = new StoreWriter(store);
        writer.blob(verified.path(), verified.sha256());
        List<Layer> layers = new ArrayList<>();
        layers.add(new Layer(Manifest.MODEL, verified.sha256(), verified.bytes()));
        for (Payload payload : payloads) {
            layers.add(
                    new Layer(
                            payload.mediaType(),
                            writer.blob(payload.bytes()),
                            payload.bytes().length));
        }
        Path model = store.blob(verified.sha256());
        byte[] config;
        try (GgufFile gguf = new GgufReader().open(model)) {
            config = ImageConfig.bytes(gguf, modelfile);
        }
        Layer configLayer = new Layer(Manifest.CONFIG, writer.blob(config), config.length);
        writer.manifest(name, new Manifest(configLayer, layers).bytes());
        StoredModel stored = StoredModel.of(store, name);
        return new Installation(name, stored.manifest(), stored.id(), model);
    }
}
