package tk.tokenizer;

import tk.error.UnsupportedException;
import tk.tokenizer.GgufVocabulary.Token;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/**
 * llama.cpp's reading of a SentencePiece BPE vocabulary: characters are merged to tokens, best
 * score first; what is no token then becomes bytes.
 */
final class SpmAlgorithm implements GgufTokenizer.Algorithm {
    private final GgufTokens tokens;
    private final MergeTable table;
    private final boolean byWords;
    private final int[] byteIds = new int[256];
    private final boolean addSpacePrefix;

    SpmAlgorithm(GgufTokens tokens, GgufVocabulary vocabulary, boolean addSpacePrefix) {
        this.tokens = tokens;
        this.addSpacePrefix = addSpacePrefix;
        List<Token> list = vocabulary.tokens();
        float[] scores = new float[list.size()];
        for (int id = 0; id < scores.length; id++) scores[id] = list.get(id).score();
        table = MergeTable.byScore(tokens.texts(), scores, id -> true, new BitSet());
        byWords = SpaceWords.holdFor(tokens.texts());
        Arrays.setAll(byteIds, this::byteId);
    }

    private int byteId(int value) {
        return tokens.id(BytePieces.name(value))
                .or(
                        () ->
                                value == 0 || value > 0x7f
                                        ? java.util.Optional.empty()
                                        : tokens.id(Character.toString(value)))
                .orElse(-1);
    }

    @Override
    public void encode(String text, boolean afterSpecial, Ints out) {
        String prefixed = addSpacePrefix && afterSpecial ? " " + text : text;
        byte[] bytes =
                prefixed.replace(' ', SentencePieceModel.SPACE).getBytes(StandardCharsets.UTF_8);
        PieceMerger merger = new PieceMerger(table, false, bytes.length, this::append);
        if (byWords) SpaceWords.merge(merger, bytes, 0, bytes.length, out);
        else merger.merge(bytes, 0, bytes.length, out);
    }

    private void append(int symbol, byte[] text, int from, int to, Ints out) {
        if (symbol >= 0 && symbol < tokens.size()) {
            out.add(symbol);
            return;
        }
        for (int i = from; i < to; i++) {
            int id = byteIds[text[i] & 0xff];
            if (id < 0) throw uncovered(new String(text, from, to - from, StandardCharsets.UTF_8));
            out.add(id);
        }
    }

    private static UnsupportedException uncovered(String character) {
        return new UnsupportedException(
                String.format(
                        Locale.ROOT,
                        "%s (U+%04X) has no token and there are no byte tokens: llama.cpp aborts on it",
                        Character.isISOControl(character.codePointAt(0))
                                ? "a control character"
                                : '"' + character + '"',
                        character.codePointAt(0)),
                "Add the 256 byte tokens: --byte-fallback add.");
    }

    @Override
    public void decode(int id, ByteArrayOutputStream out) {
        decode(tokens, id, out);
    }

    /** The bytes of a token of SentencePiece's, where U+2581 is a space. */
    static void decode(GgufTokens tokens, int id, ByteArrayOutputStream out) {
        if (tokens.is(id, TokenType.USER_DEFINED)) {
            out.writeBytes(Utf8.bytes(tokens.text(id)));
        } else if (tokens.is(id, TokenType.NORMAL)) {
            out.writeBytes(Utf8.bytes(tokens.text(id).replace(SentencePieceModel.SPACE, ' ')));
        } else if (tokens.is(id, TokenType.BYTE)) {
            int value = BytePieces.valueOf(tokens.text(id));
            if (value >= 0) out.write(value);
        }
        // Unused tokens stand for nothing.
    }
}
