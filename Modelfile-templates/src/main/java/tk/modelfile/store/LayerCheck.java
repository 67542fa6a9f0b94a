package tk.modelfile.store;

import tk.error.MalformedException;
import tk.error.TkException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.store.Manifest.Layer;
import tk.tensor.Tensor;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whether a blob holds what its media type says. */
final class LayerCheck {
    private static final String EMBEDDING = "token_embd.weight";

    private LayerCheck() {}

    /**
     * Reads one.
     *
     * @param whole whether a GGUF is all of the model, and not a part of a split one
     * @return the architecture, where it is the model
     * @throws TkException that says what is wrong
     */
    static Optional<String> run(Layer layer, Path blob, boolean whole) {
        switch (layer.mediaType()) {
            case Manifest.MODEL -> {
                return whole ? Optional.of(model(blob)) : Optional.empty();
            }
            case Manifest.ADAPTER, Manifest.PROJECTOR -> {
                try (GgufFile file = new GgufReader().open(blob)) {
                    if (file.tensors().isEmpty())
                        throw new MalformedException(blob + ": no tensors");
                }
            }
            case Manifest.PARAMS, Manifest.CONFIG -> {
                if (!(Json.parse(OllamaStore.read(blob), blob.toString()) instanceof JsonObject))
                    throw new MalformedException(blob + ": expected a JSON object");
            }
            case Manifest.MESSAGES -> messages(blob);
            case Manifest.TEMPLATE, Manifest.SYSTEM, Manifest.LICENSE -> text(blob);
            default -> {}
        }
        return Optional.empty();
    }

    private static String model(Path blob) {
        try (GgufFile file = new GgufReader().open(blob)) {
            Optional<List<String>> tokens = file.gguf().strings("tokenizer.ggml.tokens");
            Tensor embedding = file.tensors().get(EMBEDDING);
            if (tokens.isPresent() && embedding != null) {
                long rows = embedding.info().shape().rows();
                if (tokens.get().size() > rows) {
                    throw new MalformedException(
                            "%s: %d tokens, but %d rows in %s"
                                    .formatted(blob, tokens.get().size(), rows, EMBEDDING));
                }
            }
            return ImageConfig.family(file);
        }
    }

    private static void messages(Path blob) {
        if (!(Json.parse(OllamaStore.read(blob), blob.toString()) instanceof JsonArray list))
            throw new MalformedException(blob + ": expected a JSON list");
        for (JsonValue item : list.items()) {
            if (!(item instanceof JsonObject message) || message.string("role").isEmpty())
                throw new MalformedException(blob + ": a message without a role");
        }
    }

    private static void text(Path blob) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(OllamaStore.read(blob)));
        } catch (CharacterCodingException e) {
            throw new MalformedException(blob + ": not UTF-8", null, e);
        }
    }
}
