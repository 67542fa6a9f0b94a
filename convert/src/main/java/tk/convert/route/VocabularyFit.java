package tk.convert.route;

import tk.convert.HfModel;
import tk.error.MalformedException;
import tk.tensor.SourceFile;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Path;

/** Whether tokenizer and embedding are of one size, and what padding makes of it where not. */
final class VocabularyFit {
    private VocabularyFit() {}

    /**
     * The model with at least as many rows as a SentencePiece model has pieces.
     *
     * @throws MalformedException where there are more pieces and padding is not asked for
     */
    static HfModel rowsForEveryPiece(HfModel model, TokenizerFiles files, ConvertOptions options) {
        if (files.model().filter(VocabularyFit::isSentencePiece).isEmpty()) return model;
        Path file = files.model().get();
        int rows = model.config().vocabSize();
        int pieces = SentencePieceModel.read(file).pieces().size();
        if (pieces <= rows) return model;
        if (options.padVocabulary()) return model.withVocabulary(pieces);
        throw new MalformedException(
                "%s: %d pieces, but the embedding has %d rows".formatted(file, pieces, rows),
                "Take the tokenizer that belongs to these weights, or give --pad-vocab to add rows of zeros.");
    }

    /** Whether a {@code tokenizer.model} is SentencePiece's, and not a list of ranks. */
    static boolean isSentencePiece(Path file) {
        try (SourceFile source = SourceFile.open(file)) {
            return SentencePieceModel.recognises(source.read(0, (int) Math.min(source.size(), 64)));
        }
    }

    /**
     * Refuses a vocabulary that was filled up with unused tokens.
     *
     * @param place what to call the model in errors
     */
    static void requireTokenForEveryRow(String place, GgufVocabulary vocabulary) {
        int rows = vocabulary.tokens().size();
        int tokens = rows;
        while (tokens > 0 && isPadding(vocabulary.tokens().get(tokens - 1), tokens - 1)) tokens--;
        if (tokens == rows) return;
        throw new MalformedException(
                "%s: the embedding has %d rows, but the tokenizer only %d tokens"
                        .formatted(place, rows, tokens),
                "Take the tokenizer that belongs to these weights, or give --pad-vocab to add unused tokens.");
    }

    private static boolean isPadding(GgufVocabulary.Token token, int id) {
        return token.type() == TokenType.UNUSED && token.text().equals("[PAD" + id + "]");
    }
}
