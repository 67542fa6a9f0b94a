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

    /** The ids of a text, without any token added before or after it. */
    int[] encode(String text, Specials specials);

    /**
     * The text of ids, as a reader would see it: word boundaries as spaces, byte pieces joined to
     * characters.
     */
    String decode(int... ids);

    /** How many ids there are; every id is below. */
    int size();
}
