package tk.tokenizer;

/** Text to token ids and back. Thread-safe. */
public interface Tokenizer {
    /** What to do with the text of special tokens, such as {@code <s>}, inside a text. */
    enum Specials {
        /** It becomes the special token. */
        PARSE,
        /** It is ordinary text. */
        AS_TEXT
    }

    /**
     * The ids of a text, without any token added before or after it. Half a surrogate pair in the
     * text counts as U+FFFD.
     */
    int[] encode(String text, Specials specials);

    /**
     * The text of ids, as a reader would see it: word boundaries as spaces, byte pieces joined to
     * characters, control tokens left out.
     *
     * @throws IllegalArgumentException for an id that no token has
     */
    String decode(int... ids);

    /**
     * The text of one token as its vocabulary spells it: with U+2581 for spaces, or byte-level
     * characters.
     *
     * @throws IllegalArgumentException for an id that no token has
     */
    String piece(int id);

    /** How many ids there are; every id is below. */
    int size();
}
