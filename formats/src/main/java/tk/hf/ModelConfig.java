package tk.hf;

import tk.json.JsonValue.JsonObject;

import java.util.List;
import java.util.Optional;

/**
 * The settings of a LLaMA-like decoder, as a Hugging Face {@code config.json} gives them, in one
 * spelling.
 *
 * @param architecture as in {@code architectures[0]}, such as {@code LlamaForCausalLM}
 * @param hiddenSize width of the residual stream
 * @param layers number of decoder layers
 * @param heads number of query heads
 * @param kvHeads number of key and value heads
 * @param headDim width of a head; not always hiddenSize / heads
 * @param feedForward width of the MLP's inner layer
 * @param normEps epsilon of the RMS norm, as spelled in the file and rounded to double
 * @param rope rotary embedding settings
 * @param vocabSize rows of the embedding
 * @param maxPositions context length the model was made for
 * @param tiedEmbeddings the {@code tie_word_embeddings} flag; whether tensors really are tied is
 *     told by them alone
 * @param attentionBias whether the attention projections have biases ({@link Family#biases()} says
 *     which)
 * @param mlpBias whether the MLP projections have biases
 * @param slidingWindow how many positions back attention reaches, in those layers that are limited
 * @param bosTokenId id that begins a text
 * @param eosTokenIds ids that end one; several for instruct models
 * @param padTokenId id that fills up a batch
 * @param dtype as in {@code dtype} or {@code torch_dtype}
 * @param json the whole file
 */
public record ModelConfig(
        String architecture,
        int hiddenSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int feedForward,
        double normEps,
        Rope rope,
        int vocabSize,
        int maxPositions,
        boolean tiedEmbeddings,
        boolean attentionBias,
        boolean mlpBias,
        Optional<Integer> slidingWindow,
        Optional<Integer> bosTokenId,
        List<Integer> eosTokenIds,
        Optional<Integer> padTokenId,
        Optional<String> dtype,
        JsonObject json) {

    /** Copies the list. */
    public ModelConfig {
        eosTokenIds = List.copyOf(eosTokenIds);
    }

    /** The family, by the architecture's name. */
    public Family family() {
        return Family.ofArchitecture(architecture)
                .orElseThrow(() -> new IllegalStateException(architecture));
    }

    /**
     * Rotary position embedding.
     *
     * @param theta base of the frequencies
     * @param scaling how they are stretched beyond the original context
     */
    public record Rope(double theta, RopeScaling scaling) {}
}
