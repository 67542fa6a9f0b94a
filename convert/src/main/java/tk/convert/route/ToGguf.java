package tk.convert.route;

import tk.convert.HfModel;
import tk.convert.gguf.GgufConversion;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.model.ModelSource;
import tk.tensor.SourceFile;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.VocabularyConversion;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The routes to GGUF.
 *
 * <p>A Hugging Face folder becomes, byte for byte, what convert_hf_to_gguf makes of it. A {@code
 * .pt} file or Meta's shards become what they would over such a folder.
 */
public final class ToGguf {
    private ToGguf() {}

    /**
     * Plans the conversion of a source.
     *
     * @throws MalformedException where the tokenizer and the embedding do not fit together, or as
     *     {@link HfModel#of} and {@link GgufConversion#of} do
     */
    public static GgufConversion of(ModelSource source, ConvertOptions options) {
        SourceModel opened = SourceModel.of(source, options);
        HfModel model = opened.model();
        TokenizerFiles files = source.tokenizer();
        if (!files.isPresent()) {
            throw new UsageException(
                    source.path() + ": no tokenizer beside it, and none was given",
                    "Put tokenizer.model or tokenizer.json beside it, or name it with --tokenizer.");
        }
        model = fitting(model, files, options);
        VocabularyConversion vocabulary =
                VocabularyConversion.of(files, model.config().json(), model.config().vocabSize());
        if (!opened.isHuggingFaceFolder()) {
            // Nothing dropped a tied head on the way here, as save_pretrained would have.
            model = model.withoutTiedHead();
            if (!options.padVocabulary()) requireNoPadding(vocabulary.vocabulary(), source, model);
        }
        GgufConversion conversion =
                GgufConversion.of(
                        model,
                        opened.origin(),
                        vocabulary.vocabulary()::putInto,
                        new GgufConversion.Options(
                                options.type(), options.name(), opened.order(), options.encoder()));
        List<String> notes = new ArrayList<>(conversion.notes());
        notes.addAll(vocabulary.warnings());
        return new GgufConversion(conversion.metadata(), conversion.weights(), notes);
    }

    /** The model with as many rows as the tokenizer has pieces, where padding is asked for. */
    private static HfModel fitting(HfModel model, TokenizerFiles files, ConvertOptions options) {
        // Llama 3's file of that name is a list of ranks.
        if (files.model().filter(ToGguf::isSentencePiece).isEmpty()) return model;
        Path file = files.model().get();
        int rows = model.config().vocabSize();
        int pieces = SentencePieceModel.read(file).pieces().size();
        if (pieces <= rows) return model;
        if (options.padVocabulary()) return model.withVocabulary(pieces);
        throw new MalformedException(
                "%s: %d pieces, but the embedding has %d rows".formatted(file, pieces, rows),
                "Take the tokenizer that belongs to these weights, or give --pad-vocab to add rows of zeros.");
    }

    private static boolean isSentencePiece(Path file) {
        try (SourceFile source = SourceFile.open(file)) {
            return SentencePieceModel.recognises(source.read(0, (int) Math.min(source.size(), 64)));
        }
    }

    private static void requireNoPadding(
            GgufVocabulary vocabulary, ModelSource source, HfModel model) {
        int rows = model.config().vocabSize();
        int tokens = rows;
        while (tokens > 0 && isPadding(vocabulary.tokens().get(tokens - 1), tokens - 1)) tokens--;
        if (tokens == rows) return;
        throw new MalformedException(
                "%s: the embedding has %d rows, but the tokenizer only %d tokens"
                        .formatted(source.path(), rows, tokens),
                "Take the tokenizer that belongs to these weights, or give --pad-vocab to add unused tokens.");
    }

    private static boolean isPadding(GgufVocabulary.Token token, int id) {
        return token.type() == TokenType.UNUSED && token.text().equals("[PAD" + id + "]");
    }
}
