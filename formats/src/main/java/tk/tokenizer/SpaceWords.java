package tk.tokenizer;

import java.util.List;

/**
 * Cuts a text into words that start with their spaces (U+2581). Where no piece goes on after a
 * space that follows something else, nothing merges across these words.
 */
final class SpaceWords {
    private SpaceWords() {}

    /** Whether no piece crosses the start of such a word. */
    static boolean holdFor(List<String> pieces) {
        for (String piece : pieces) {
            for (int i = 1; i < piece.length(); i++) {
                if (piece.charAt(i) == SentencePieceModel.SPACE
                        && piece.charAt(i - 1) != SentencePieceModel.SPACE) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Merges a text word by word. */
    static void merge(PieceMerger merger, byte[] text, int from, int to, Ints out) {
        int at = from;
        while (at < to) {
            int start = at;
            while (isSpace(text, at, to)) at += 3;
            while (at < to && !isSpace(text, at, to)) at++;
            merger.word(text, start, at, out);
        }
    }

    private static boolean isSpace(byte[] text, int at, int to) {
        return at + 2 < to
                && text[at] == (byte) 0xe2
                && text[at + 1] == (byte) 0x96
                && text[at + 2] == (byte) 0x81;
    }
}
