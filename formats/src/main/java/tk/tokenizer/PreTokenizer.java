package tk.tokenizer;

/** Cuts a text into the words that byte-pair encoding merges one by one. Thread-safe. */
interface PreTokenizer {
    /** Takes a word; words come in order and together are the whole text. */
    interface Words {
        /** A word from one index to another. */
        void accept(int from, int to);
    }

    /** Cuts the part of a text between two indexes. */
    void cut(CharSequence text, int from, int to, Words words);

    /** One after the other: what the first cuts out is cut by the second. */
    default PreTokenizer then(PreTokenizer second) {
        return (text, from, to, words) ->
                cut(text, from, to, (start, end) -> second.cut(text, start, end, words));
    }

    /** The whole text as one word. */
    static PreTokenizer whole() {
        return (text, from, to, words) -> {
            if (from < to) words.accept(from, to);
        };
    }
}
