package tk.tokenizer;

import java.nio.charset.StandardCharsets;

/** Text as UTF-8 bytes, and single characters of it. */
final class Utf8 {
    private static final byte[] LENGTHS = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4};

    private Utf8() {}

    /** The text's bytes; half a surrogate pair becomes U+FFFD. */
    static byte[] bytes(String text) {
        return wellFormed(text).getBytes(StandardCharsets.UTF_8);
    }

    /** The text with U+FFFD for every half of a surrogate pair. */
    static String wellFormed(String text) {
        if (!hasLoneSurrogate(text)) return text;
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .forEach(out::appendCodePoint);
        return out.toString();
    }

    private static boolean hasLoneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) continue;
            boolean pair =
                    Character.isHighSurrogate(c)
                            && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1));
            if (!pair) return true;
            i++;
        }
        return false;
    }

    /** How many bytes a part of a well-formed text has. */
    static int length(CharSequence text, int from, int to) {
        int length = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            length += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return length;
    }

    /** How many bytes the character has that starts with this byte. */
    static int length(byte first) {
        return LENGTHS[(first & 0xff) >>> 4];
    }

    /** How many bytes the character at {@code at} has, or 0 where the bytes are none. */
    static int validLength(byte[] text, int at, int to) {
        int first = text[at] & 0xff;
        int length = first < 0x80 || (first >= 0xc2 && first < 0xf5) ? length(text[at]) : 0;
        if (length == 0 || at + length > to) return 0;
        for (int i = 1; i < length; i++) {
            if ((text[at + i] & 0xc0) != 0x80) return 0;
        }
        int c = codePoint(text, at);
        boolean overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
        boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        return overlong || surrogate || c > Character.MAX_CODE_POINT ? 0 : length;
    }

    /** The character at {@code at}; the bytes must be well-formed. */
    static int codePoint(byte[] text, int at) {
        int first = text[at];
        if (first >= 0) return first;
        return switch (length((byte) first)) {
            case 2 -> (first & 0x1f) << 6 | (text[at + 1] & 0x3f);
            case 3 -> (first & 0x0f) << 12 | (text[at + 1] & 0x3f) << 6 | (text[at + 2] & 0x3f);
            default ->
                    (first & 0x07) << 18
                            | (text[at + 1] & 0x3f) << 12
                            | (text[at + 2] & 0x3f) << 6
                            | (text[at + 3] & 0x3f);
        };
    }
}
