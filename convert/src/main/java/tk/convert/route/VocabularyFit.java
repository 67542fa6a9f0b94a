package tk.convert.route;

import tk.convert.HfModel;
import tk.error.MalformedException;
import tk.tensor.SourceFile;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.Tiktoken;
import tk.tokenizer.TiktokenTokenizer;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.TokenizerJson;

import java.nio.file.Path;
import java.util.Optional;

/** Whether tokenizer and embedding are of one size, and what padding makes of it where not. */
final class VocabularyFit {
    private VocabularyFit() {}

    /**
     * The model with at least as many rows as the tokenizer has tokens.
     *
     * @throws MalformedException where there are more tokens and padding is not asked for
     */
    static HfModel rowsForEveryPiece(HfModel model, TokenizerFiles files, ConvertOptions options) {
        Optional<Path> ranks = files.model().filter(file -> !isSentencePiece(file));
        Path file;
        int tokens;
        if (files.model().isPresent() && ranks.isEmpty()) {
            file = files.model().get();
            tokens = SentencePieceModel.read(file).pieces().size();
        } else if (files.json().isPresent()) {
            file = files.json().get();
            tokens = TokenizerJson.read(file).size();
        } else if (ranks.isPresent()) {
            file = ranks.get();
            Tiktoken.Specials specials = Tiktoken.Specials.of(model.config().json());
            tokens = TiktokenTokenizer.read(file, specials).size();
        } else {
            return model;
        }
        int rows = model.config().vocabSize();
        if (tokens <= rows) return model;
        if (options.padVocabulary()) return model.withVocabulary(tokens);
        throw new MalformedException(
                "%s: %d tokens, but the embedding has %d rows".formatted(file, tokens, rows),
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
