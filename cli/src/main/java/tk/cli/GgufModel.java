package tk.cli;

import tk.checkpoint.Checkpoint;
import tk.convert.HfModel;
import tk.convert.KeyMap;
import tk.convert.gguf.GgufConversion;
import tk.convert.gguf.ModelOrigin;
import tk.convert.gguf.OutType;
import tk.convert.gguf.TensorOrder;
import tk.error.UsageException;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;
import tk.model.ModelSource;
import tk.quantize.QuantizedTensors;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.VocabularyConversion;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model under GGUF's names, with GGUF's metadata: a GGUF file itself, or what conversion makes of
 * any other source.
 *
 * @param metadata every key
 * @param weights in file order; the source's, not closed here
 * @param vocabulary what the metadata says of it
 * @param tied whether the head is the embedding
 * @param notes what a person should be told
 */
record GgufModel(
        GgufMetadata metadata,
        Checkpoint weights,
        GgufVocabulary vocabulary,
        boolean tied,
        List<String> notes) {

    /** Plans the conversion of a source; nothing is read but names and shapes. */
    static GgufModel of(ModelSource source, OutType type, Optional<String> name) {
        if (source.gguf().isPresent()) {
            GgufMetadata metadata = source.gguf().get();
            boolean tied = !source.weights().tensors().containsKey("output.weight");
            return new GgufModel(
                    metadata, source.weights(), GgufVocabulary.fromGguf(metadata), tied, List.of());
        }
        ModelConfig config = source.requireConfig();
        if (!source.tokenizer().isPresent()) {
            throw new UsageException(
                    source.path() + ": no tokenizer beside it, and none was given",
                    "Put tokenizer.model or tokenizer.json beside it, or name it with --tokenizer.");
        }
        HfModel model = HfModel.of(source.path().toString(), source.weights(), config, KeyMap.NONE);
        VocabularyConversion vocabulary =
                VocabularyConversion.of(source.tokenizer(), config.json(), config.vocabSize());
        GgufConversion conversion =
                GgufConversion.of(
                        model.withoutTiedHead(),
                        origin(source, config),
                        vocabulary.vocabulary()::putInto,
                        new GgufConversion.Options(
                                type, name, order(source), Optional.of(QuantizedTensors::encode)));
        List<String> notes = new ArrayList<>(conversion.notes());
        notes.addAll(vocabulary.warnings());
        return new GgufModel(
                conversion.metadata(),
                conversion.weights(),
                vocabulary.vocabulary(),
                model.tying().isTied(),
                notes);
    }

    private static ModelOrigin origin(ModelSource source, ModelConfig config) {
        boolean folder = java.nio.file.Files.isDirectory(source.path());
        ModelOrigin beside = ModelOrigin.of(source.folder(), config.json());
        if (folder) return beside;
        return new ModelOrigin(
                ModelOrigin.stemOf(source.path()),
                beside.card(),
                beside.config(),
                beside.generation(),
                beside.notes());
    }

    /**
     * What convert_hf_to_gguf would do with the folder; a lone file comes out as its safetensors
     * folder would.
     */
    private static TensorOrder order(ModelSource source) {
        boolean torchFolder =
                java.nio.file.Files.isDirectory(source.path())
                        && source.format().startsWith("PyTorch");
        return torchFolder ? TensorOrder.AS_STORED : TensorOrder.BY_FILE_AND_NAME;
    }
}
