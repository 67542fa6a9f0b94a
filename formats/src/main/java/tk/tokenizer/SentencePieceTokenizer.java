package tk.tokenizer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The tokenizer of a {@code tokenizer.model}: what the model was trained with. Thread-safe.
 *
 * <p>A file is encoded by the sentencepiece library itself where there is one for this machine, so
 * that checks of a converted vocabulary compare with the original rather than with tk's own work;
 * elsewhere, and for a model that isn't a file, by tk's encoder, which gives the same ids. Decoding
 * is always tk's.
 *
 * <p>SentencePiece itself never takes the text of a control piece for the piece. With {@link
 * Specials#PARSE} a text is cut at those first, and what is between them is encoded as a text of
 * its own.
 */
public final class SentencePieceTokenizer implements Tokenizer, AutoCloseable {
    private final SentencePieceModel model;
    private final Optional<NativeSentencePiece> library;
    private final SentencePieceEncoder encoder;
    private final SentencePieceDecoder decoder;
    private final Trie control = new Trie(16);

    private SentencePieceTokenizer(
            SentencePieceModel model, Optional<NativeSentencePiece> library) {
        this.model = model;
        this.library = library;
        encoder = new SentencePieceEncoder(model);
        decoder = new SentencePieceDecoder(model);
        for (int id = 0; id < model.pieces().size(); id++) {
            SentencePieceModel.Piece piece = model.pieces().get(id);
            if (piece.type() == TokenType.CONTROL) control.add(piece.text(), id);
        }
    }

    /** The tokenizer of a model file. */
    public static SentencePieceTokenizer read(Path file) {
        byte[] bytes = SentencePieceModel.bytes(file);
        SentencePieceModel model = SentencePieceModel.parse(bytes, file.toString());
        return new SentencePieceTokenizer(model, NativeSentencePiece.load(model, bytes));
    }

    /** The tokenizer of a model, encoding in Java. */
    public static SentencePieceTokenizer of(SentencePieceModel model) {
        return new SentencePieceTokenizer(model, Optional.empty());
    }

    @Override
    public int[] encode(String text, Specials specials) {
        return switch (specials) {
            case AS_TEXT -> encode(text);
            case PARSE -> encodeBetweenControls(text);
        };
    }

    private int[] encode(String text) {
        String wellFormed = Utf8.wellFormed(text);
        return library.isPresent() && NativeSentencePiece.takes(wellFormed)
                ? library.get().encode(wellFormed)
                : encoder.encode(wellFormed);
    }

    private int[] encodeBetweenControls(String text) {
        List<int[]> parts = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < text.length(); ) {
            long match = control.longest(text, at, text.length());
            if (match == 0) {
                at++;
                continue;
            }
            if (from < at) parts.add(encode(text.substring(from, at)));
            parts.add(new int[] {(int) match});
            at += (int) (match >>> 32);
            from = at;
        }
        if (from < text.length()) parts.add(encode(text.substring(from)));
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }

    /**
     * The text that the pieces are matched against, with plain spaces and without the one added
     * before the first word. Whoever tokenizes with llama.cpp, which has no such normalizer, gets
     * the source's tokens for this form.
     */
    public String normalize(String text) {
        String normalized = encoder.normalized(Utf8.wellFormed(text)).replace('\u2581', ' ');
        return normalized.startsWith(" ") ? normalized.substring(1) : normalized;
    }

    /**
     * {@inheritDoc} The space before the first word is left out, as are all leading ones where the
     * model squeezes spaces; an unknown piece is the model's sign for it, usually " ⁇ ".
     */
    @Override
    public String decode(int... ids) {
        for (int id : ids) check(id);
        return decoder.decode(ids);
    }

    @Override
    public String piece(int id) {
        return model.pieces().get(check(id)).text();
    }

    @Override
    public int size() {
        return model.pieces().size();
    }

    /** Whether the sentencepiece library encodes, rather than tk. */
    public boolean isNative() {
        return library.isPresent();
    }

    /** Gives the library's model back; encoding fails from now on where the library did it. */
    @Override
    public void close() {
        library.ifPresent(NativeSentencePiece::close);
    }

    /** The pieces and rules. */
    public SentencePieceModel model() {
        return model;
    }

    private int check(int id) {
        if (id >= 0 && id < size()) return id;
        throw new IllegalArgumentException("piece " + id + " of a model of " + size());
    }
}
