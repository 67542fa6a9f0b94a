package tk.cli;

import tk.checkpoint.Checkpoint;
import tk.convert.gguf.GgufConversion;
import tk.convert.route.ConvertOptions;
import tk.convert.route.ToGguf;
import tk.gguf.GgufMetadata;
import tk.model.ModelSource;
import tk.tokenizer.GgufVocabulary;

import java.util.List;

/**
 * A model under GGUF's names, with GGUF's metadata: a GGUF file itself, or what conversion makes of
 * any other source.
 *
 * @param metadata every key
 * @param weights in file order; the source's, not closed here
 * @param notes what a person should be told
 */
record GgufModel(GgufMetadata metadata, Checkpoint weights, List<String> notes) {
    /** Plans the conversion of a source; nothing is read but names and shapes. */
    static GgufModel of(ModelSource source, ConvertOptions options) {
        if (source.gguf().isPresent())
            return new GgufModel(source.gguf().get(), source.weights(), List.of());
        GgufConversion conversion = ToGguf.of(source, options);
        return new GgufModel(conversion.metadata(), conversion.weights(), conversion.notes());
    }

    /** Whether the embedding serves as the head. */
    boolean tied() {
        return !weights.tensors().containsKey("output.weight");
    }

    /** What the metadata says of the vocabulary. */
    GgufVocabulary vocabulary() {
        return GgufVocabulary.fromGguf(metadata);
    }

    /** The prefix of the architecture's own keys. */
    String architecture() {
        return metadata.string("general.architecture").orElse("llama");
    }
}
