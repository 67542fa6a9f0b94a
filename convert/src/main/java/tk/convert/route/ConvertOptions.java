package tk.convert.route;

import tk.convert.KeyMap;
import tk.convert.gguf.GgufConversion.Encoder;
import tk.convert.gguf.OutType;
import tk.error.UsageException;
import tk.tensor.Tensor;
import tk.tokenizer.VocabularyConversion.Fidelity;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;

/**
 * How to convert, whatever the route.
 *
 * @param type of the weights
 * @param name of the model, in place of the one found
 * @param keyMap what home-made code calls its tensors
 * @param padVocabulary whether a tokenizer that is larger or smaller than the embedding is made to
 *     fit by padding the smaller side
 * @param pre the pre-tokenizer, in place of the one recognised
 * @param fidelity which vocabulary a GGUF gets where convert_hf_to_gguf's leads to other tokens
 * @param maxShardBytes how large a file of weights may become
 * @param encoder makes blocks of scalars; needed for a block type only
 * @param decoder makes F32 of a tensor of blocks; needed for a source of blocks only
 */
public record ConvertOptions(
        OutType type,
        Optional<String> name,
        KeyMap keyMap,
        boolean padVocabulary,
        Optional<String> pre,
        Fidelity fidelity,
        OptionalLong maxShardBytes,
        Optional<Encoder> encoder,
        Optional<UnaryOperator<Tensor>> decoder) {

    /** Everything as in the source. */
    public static final ConvertOptions DEFAULT =
            new ConvertOptions(
                    OutType.KEEP,
                    Optional.empty(),
                    KeyMap.NONE,
                    false,
                    Optional.empty(),
                    Fidelity.TO_THE_CONVERTER,
                    OptionalLong.empty(),
                    Optional.empty(),
                    Optional.empty());

    /** Refuses an empty name and a shard of nothing. */
    public ConvertOptions {
        if (name.filter(String::isBlank).isPresent()) {
            throw new UsageException("the name is empty");
        }
        if (maxShardBytes.isPresent() && maxShardBytes.getAsLong() < 1) {
            throw new UsageException(
                    "the largest shard has %d bytes, expected at least 1"
                            .formatted(maxShardBytes.getAsLong()));
        }
    }

    /** The same with weights of another type. */
    public ConvertOptions withType(OutType other) {
        return new ConvertOptions(
                other, name, keyMap, padVocabulary, pre, fidelity, maxShardBytes, encoder, decoder);
    }

    /** The same with another name. */
    public ConvertOptions withName(String other) {
        return new ConvertOptions(
                type,
                Optional.of(other),
                keyMap,
                padVocabulary,
                pre,
                fidelity,
                maxShardBytes,
                encoder,
                decoder);
    }

    /** The same with another choice of vocabulary. */
    public ConvertOptions withFidelity(Fidelity other) {
        return new ConvertOptions(
                type, name, keyMap, padVocabulary, pre, other, maxShardBytes, encoder, decoder);
    }
}
