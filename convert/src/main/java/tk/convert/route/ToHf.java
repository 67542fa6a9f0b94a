package tk.convert.route;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.WritePlan;
import tk.convert.HfModel;
import tk.convert.gguf.GgufConfig;
import tk.convert.gguf.GgufTokenizerFiles;
import tk.hf.HfFolderWriter;
import tk.hf.TokenizerCopies;
import tk.model.ModelSource;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The routes to a Hugging Face folder.
 *
 * @param contents configuration and tokenizer
 * @param weights under Hugging Face's names; a tied head is left out
 * @param notes what a person should be told
 */
public record ToHf(HfFolderWriter.Contents contents, Checkpoint weights, List<String> notes) {
    /** Copies the list. */
    public ToHf {
        notes = List.copyOf(notes);
    }

    /**
     * Plans the conversion of a source.
     *
     * @throws tk.error.MalformedException where the tokenizer has more pieces than the embedding
     *     rows, or as {@link HfModel#of} does
     */
    public static ToHf of(ModelSource source, ConvertOptions options) {
        SourceModel opened = SourceModel.of(source, options);
        TokenizerFiles files = source.tokenizer();
        HfModel model =
                Typed.of(
                        VocabularyFit.rowsForEveryPiece(opened.model(), files, options)
                                .withoutTiedHead(),
                        options,
                        source.gguf().isPresent());
        List<String> notes = new ArrayList<>(model.notes());
        return new ToHf(
                new HfFolderWriter.Contents(
                        model.config(),
                        source.gguf()
                                .map(GgufConfig::generation)
                                .orElseGet(source::generationConfig),
                        tokenizer(source, files, model, notes),
                        false),
                model.weights(),
                notes);
    }

    /** The tokenizer's files as they are, or made from what a GGUF file says. */
    private static SequencedMap<String, byte[]> tokenizer(
            ModelSource source, TokenizerFiles files, HfModel model, List<String> notes) {
        // Beside a GGUF file may lie anything; only what the user names replaces its own.
        if (source.gguf().isPresent() && source.options().tokenizer().isEmpty()) {
            return GgufTokenizerFiles.of(
                    GgufVocabulary.fromGguf(source.gguf().get()), model.config().maxPositions());
        }
        if (!files.isPresent()) {
            notes.add("no tokenizer beside it, and none was given: the folder will have none");
        }
        SequencedMap<String, byte[]> copies = TokenizerCopies.of(files);
        Optional<Path> ranks = files.model().filter(file -> !VocabularyFit.isSentencePiece(file));
        if (ranks.isPresent()) {
            copies.remove("tokenizer.model");
            if (files.json().isEmpty()) {
                MetaTokenizer.ofRanks(ranks.get(), model.config()).forEach(copies::putIfAbsent);
            }
            return copies;
        }
        boolean unsettled = SourceModel.isMeta(source) && files.config().isEmpty();
        files.model()
                .filter(file -> unsettled && VocabularyFit.isSentencePiece(file))
                .ifPresent(file -> copies.putAll(MetaTokenizer.settings(file, model.config())));
        return copies;
    }

    /** The plan of the folder. */
    public WritePlan plan(ConvertOptions options, Path target) {
        return HfFolderWriter.plan(
                contents,
                weights,
                options.maxShardBytes().orElse(HfFolderWriter.DEFAULT_MAX_SHARD_SIZE),
                target);
    }
}
