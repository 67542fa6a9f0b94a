package tk.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * llama.cpp's reading of a byte-level BPE vocabulary: the text is cut into words, whose bytes are
 * merged by the list of merges.
 */
final class BpeAlgorithm implements GgufTokenizer.Algorithm {
    private final GgufTokens tokens;
    private final MergeTable table;
    private final PreTokenizer preTokenizer;
    private final boolean ignoresMerges;

    BpeAlgorithm(GgufTokens tokens, GgufVocabulary vocabulary) {
        this.tokens = tokens;
        GgufPreTokenizers.Known known = GgufPreTokenizers.named(vocabulary.pre());
        preTokenizer = known.preTokenizer();
        ignoresMerges = known.ignoresMerges();
        table =
                MergeTable.byRank(
                        tokens.ids(), tokens.size(), MergeTable.parse(vocabulary.merges()));
    }

    @Override
    public void encode(String text, boolean afterSpecial, Ints out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        PieceMerger merger = new PieceMerger(table, true, bytes.length, new Symbols());
        int[] at = {0};
        preTokenizer.cut(
                text,
                0,
                text.length(),
                (from, to) -> {
                    int end = at[0] + Utf8.length(text, from, to);
                    merger.word(bytes, at[0], end, out);
                    at[0] = end;
                });
    }

    private final class Symbols implements PieceMerger.Sink {
        @Override
        public int whole(byte[] text, int from, int to) {
            return ignoresMerges ? tokens.id(ByteLevel.text(text, from, to)).orElse(-1) : -1;
        }

        /**
         * A symbol that is no token becomes its byte-level characters; those that are none vanish.
         */
        @Override
        public void accept(int symbol, byte[] text, int from, int to, Ints out) {
            if (symbol >= 0 && symbol < tokens.size()) {
                out.add(symbol);
                return;
            }
            for (int i = from; i < to; i++) {
                char c = ByteLevel.character(text[i]);
                // llama.cpp looks the bytes of the character up one by one, so only ASCII is found.
                if (c < 0x80) tokens.id(String.valueOf(c)).ifPresent(out::add);
            }
        }
    }

    @Override
    public void decode(int id, ByteArrayOutputStream out) {
        String text = tokens.text(id);
        if (tokens.is(id, TokenType.USER_DEFINED)) {
            out.writeBytes(Utf8.bytes(text));
        } else if (tokens.is(id, TokenType.NORMAL)) {
            out.writeBytes(bytes(text));
        } else if (tokens.is(id, TokenType.BYTE)) {
            int value = BytePieces.valueOf(text);
            if (value >= 0) out.write(value);
        }
    }

    private static byte[] bytes(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
        text.codePoints()
                .forEach(
                        c -> {
                            int value = c < 0x200 ? ByteLevel.byteOf((char) c) : -1;
                            if (value >= 0) bytes.write(value);
                            else bytes.writeBytes(Utf8.bytes(unknown(c, text)));
                        });
        return bytes.toByteArray();
    }

    /** What llama.cpp shows for a character that stands for no byte. */
    private static String unknown(int c, String text) {
        List<String> hex = new ArrayList<>();
        for (byte b : Utf8.bytes(Character.toString(c))) {
            hex.add(java.util.HexFormat.of().toHexDigits(b));
        }
        return "[UNK_BYTE_0x" + String.join("", hex) + text + "]";
    }
}
