package tk.verify.reference;

import tk.checkpoint.Checkpoint;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;
import tk.verify.reference.Adaptation.Beside;

/**
 * Makes the reference forward pass of a checkpoint, reading the names of its dialect by its own
 * maps.
 *
 * <p>Those maps, the rotary layouts and the settings' meanings are written from the formats'
 * documents and shared with no converter: that is what makes the comparison a proof.
 */
public final class ReferenceModels {
    private ReferenceModels() {}

    /**
     * What a model may use.
     *
     * @param threads how many to compute with; the numbers do not depend on it
     * @param residentBytes how many bytes of weights may be kept in native memory, as they are
     *     stored: a model that fits is read once, which decoding a token at a time gains by; one
     *     that does not is read anew at every use
     * @param beside adapters that are computed beside the weights
     */
    public record Options(int threads, long residentBytes, Beside beside) {
        /** All cores, and nothing kept. */
        public static Options standard() {
            return new Options(Runtime.getRuntime().availableProcessors(), 0, Beside.NONE);
        }

        /** The same with another number of threads. */
        public Options withThreads(int number) {
            return new Options(number, residentBytes, beside);
        }

        /** The same with another budget of memory. */
        public Options withResidentBytes(long bytes) {
            return new Options(threads, bytes, beside);
        }

        /** The same with adapters. */
        public Options withAdapters(Beside adapters) {
            return new Options(threads, residentBytes, adapters);
        }
    }

    /** As {@link #open(Checkpoint, ModelConfig, Options)}, with all cores. */
    public static ReferenceModel open(Checkpoint checkpoint, ModelConfig config) {
        return open(checkpoint, config, Options.standard());
    }

    /** As {@link #open(Checkpoint, ModelConfig, Options)}, with so many threads. */
    public static ReferenceModel open(Checkpoint checkpoint, ModelConfig config, int threads) {
        return open(checkpoint, config, Options.standard().withThreads(threads));
    }

    /**
     * A model in the names of Hugging Face, Meta or torchtune, whatever a wrapper put before them.
     *
     * @param checkpoint read as the model runs: it stays open, and the caller's
     * @param config its settings
     * @throws tk.error.MalformedException where a tensor is missing or has another shape than the
     *     settings say
     * @throws UnsupportedException where the names are neither, or a tensor is unknown
     */
    public static ReferenceModel open(Checkpoint checkpoint, ModelConfig config, Options options) {
        Checkpoint plain = PlainNames.of(checkpoint);
        Decoder model;
        if (HfModel.recognises(plain)) {
            model = HfModel.read(plain, config);
        } else if (MetaModel.recognises(plain)) {
            model = MetaModel.read(plain, config);
        } else {
            throw new UnsupportedException(
                    "neither `model.embed_tokens.weight` nor `tok_embeddings.weight` is among the"
                            + " tensors",
                    "Supported: the names of Hugging Face's Llama, Mistral, Qwen2 and Qwen3, of Meta's"
                            + " Llama and of torchtune's.");
        }
        return new ReferenceModel(model, Kernels.best(), options);
    }

    /** As {@link #openGguf(Checkpoint, GgufMetadata, Options)}, with all cores. */
    public static ReferenceModel openGguf(Checkpoint checkpoint, GgufMetadata metadata) {
        return openGguf(checkpoint, metadata, Options.standard());
    }

    /** As {@link #openGguf(Checkpoint, GgufMetadata, Options)}, with so many threads. */
    public static ReferenceModel openGguf(
            Checkpoint checkpoint, GgufMetadata metadata, int threads) {
        return openGguf(checkpoint, metadata, Options.standard().withThreads(threads));
    }

    /**
     * A model in a GGUF file, from its tensors and metadata alone.
     *
     * @param checkpoint read as the model runs: it stays open, and the caller's
     * @param metadata the file's
     * @throws tk.error.MalformedException where a tensor or key is missing or they contradict each
     *     other
     * @throws UnsupportedException where the architecture or a tensor is unknown
     */
    public static ReferenceModel openGguf(
            Checkpoint checkpoint, GgufMetadata metadata, Options options) {
        return new ReferenceModel(GgufModel.read(checkpoint, metadata), Kernels.best(), options);
    }
}
