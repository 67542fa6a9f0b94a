package tk.tokenizer;

import java.util.Locale;

/** The names of byte pieces: {@code <0x00>} … {@code <0xFF>}. */
final class BytePieces {
    private BytePieces() {}

    /** The piece of a byte. */
    static String name(int value) {
        return String.format(Locale.ROOT, "<0x%02X>", value);
    }

    /** The byte of a piece named {@code <0xNN>} with upper-case digits, or -1. */
    static int valueOf(String text) {
        if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') return -1;
        int high = digit(text.charAt(3));
        int low = digit(text.charAt(4));
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private static int digit(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }
}
