package tk.tokenizer;

import tk.tokenizer.SentencePieceModel.Piece;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What the sentencepiece library's decode does: pieces to text. The bindings for Java are wrong
 * here beyond the basic plane, so it is done on the pieces themselves. Thread-safe.
 *
 * <p>Source: google/sentencepiece, {@code sentencepiece_processor.cc}, {@code Decode}.
 */
final class SentencePieceDecoder {
    private static final String SPACE = String.valueOf(SentencePieceModel.SPACE);

    private final SentencePieceModel model;
    private final boolean dropsFirstSpace;
    private final boolean dropsLeadingSpaces;
    private final Optional<SentencePieceNormalizer> denormalizer;

    SentencePieceDecoder(SentencePieceModel model) {
        this.model = model;
        dropsLeadingSpaces = model.normalizer().removeExtraWhitespaces();
        dropsFirstSpace = model.normalizer().addDummyPrefix() || dropsLeadingSpaces;
        denormalizer =
                model.denormalizer()
                        .map(rules -> new SentencePieceNormalizer(rules, false, new Trie(1)));
    }

    String decode(int... ids) {
        StringBuilder text = new StringBuilder();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        boolean atStart = true;
        boolean sawFirstSpace = false;
        for (int given : ids) {
            // As the library does, by way of the text.
            int id = model.id(model.pieces().get(given).text()).orElse(given);
            Piece piece = model.pieces().get(id);
            if (piece.type() == TokenType.BYTE) {
                bytes.write(BytePieces.valueOf(piece.text()));
                continue;
            }
            flush(bytes, text);
            if (sawFirstSpace || !text.isEmpty()) atStart = false;
            switch (piece.type()) {
                case CONTROL -> sawFirstSpace = false;
                case UNKNOWN -> {
                    text.append(model.unknownSurface());
                    sawFirstSpace = false;
                }
                case NORMAL, USER_DEFINED, UNUSED, BYTE -> {
                    boolean drop = atStart && dropsFirstSpace && piece.text().startsWith(SPACE);
                    String rest = drop ? piece.text().substring(1) : piece.text();
                    text.append(rest.replace(SentencePieceModel.SPACE, ' '));
                    sawFirstSpace = drop && !dropsLeadingSpaces;
                }
            }
        }
        flush(bytes, text);
        if (denormalizer.isEmpty()) return text.toString();
        return new String(
                denormalizer.get().normalize(Utf8.bytes(text.toString())), StandardCharsets.UTF_8);
    }

    /** Byte pieces in a row are characters; a byte that belongs to none is U+FFFD. */
    private static void flush(ByteArrayOutputStream bytes, StringBuilder text) {
        if (bytes.size() == 0) return;
        byte[] run = bytes.toByteArray();
        bytes.reset();
        for (int at = 0; at < run.length; ) {
            int length = Utf8.validLength(run, at, run.length);
            text.appendCodePoint(length == 0 ? 0xfffd : Utf8.codePoint(run, at));
            at += Math.max(length, 1);
        }
    }
}
