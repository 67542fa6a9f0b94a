package tk.verify.reference;

import tk.checkpoint.Checkpoint;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;

/**
 * Makes the reference forward pass of a checkpoint, reading the names of its dialect by its own
 * maps.
 *
 * <p>Those maps, the rotary layouts and the settings' meanings are written from the formats'
 * documents and shared with no converter: that is what makes the comparison a proof.
 */
public final class ReferenceModels {
    private ReferenceModels() {}

    /** As {@link #open(Checkpoint, ModelConfig, int)}, with all cores. */
    public static ReferenceModel open(Checkpoint checkpoint, ModelConfig config) {
        return open(checkpoint, config, Runtime.getRuntime().availableProcessors());
    }

    /**
     * A model in Hugging Face's names (with {@code model.} before them or without) or Meta's.
     *
     * @param checkpoint read as the model runs: it stays open, and the caller's
     * @param config its settings
     * @param threads how many to compute with; the numbers do not depend on it
     * @throws tk.error.MalformedException where a tensor is missing or has another shape than the
     *     settings say
     * @throws UnsupportedException where the names are neither, or a tensor is unknown
     */
    public static ReferenceModel open(Checkpoint checkpoint, ModelConfig config, int threads) {
        Decoder model;
        if (HfModel.recognises(checkpoint)) {
            model = HfModel.read(checkpoint, config);
        } else if (MetaModel.recognises(checkpoint)) {
            model = MetaModel.read(checkpoint, config);
        } else {
            throw new UnsupportedException(
                    "neither `model.embed_tokens.weight` nor `tok_embeddings.weight` is among the"
                            + " tensors",
                    "Supported: the names of Hugging Face's Llama, Mistral, Qwen2 and Qwen3, and of"
                            + " Meta's Llama.");
        }
        return new ReferenceModel(model, Kernels.best(), threads);
    }

    /** As {@link #openGguf(Checkpoint, GgufMetadata, int)}, with all cores. */
    public static ReferenceModel openGguf(Checkpoint checkpoint, GgufMetadata metadata) {
        return openGguf(checkpoint, metadata, Runtime.getRuntime().availableProcessors());
    }

    /**
     * A model in a GGUF file, from its tensors and metadata alone.
     *
     * @param checkpoint read as the model runs: it stays open, and the caller's
     * @param metadata the file's
     * @param threads how many to compute with; the numbers do not depend on it
     * @throws tk.error.MalformedException where a tensor or key is missing or they contradict each
     *     other
     * @throws UnsupportedException where the architecture or a tensor is unknown
     */
    public static ReferenceModel openGguf(
            Checkpoint checkpoint, GgufMetadata metadata, int threads) {
        return new ReferenceModel(GgufModel.read(checkpoint, metadata), Kernels.best(), threads);
    }
}
