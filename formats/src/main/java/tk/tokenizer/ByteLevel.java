package tk.tokenizer;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * GPT-2's spelling of bytes as visible characters: printable Latin-1 as it is, the other 68 bytes
 * as U+0100 and up, in order (a space is Ġ, a line feed Ċ).
 */
final class ByteLevel {
    private static final char[] CHARACTERS = new char[256];
    private static final short[] BYTES = new short[0x200];

    static {
        Arrays.fill(BYTES, (short) -1);
        char next = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean printable = (value > ' ' && value < 0x7f) || (value > 0xa0 && value != 0xad);
            CHARACTERS[value] = printable ? (char) value : next++;
            BYTES[CHARACTERS[value]] = (short) value;
        }
    }

    private ByteLevel() {}

    /** The character of a byte. */
    static char character(byte value) {
        return CHARACTERS[value & 0xff];
    }

    /** The byte of a character, or -1. */
    static int byteOf(char c) {
        return c < BYTES.length ? BYTES[c] : -1;
    }

    /** Characters as bytes, or null where one stands for none. */
    static byte @Nullable [] bytes(String text) {
        byte[] bytes = new byte[text.length()];
        for (int i = 0; i < bytes.length; i++) {
            int value = byteOf(text.charAt(i));
            if (value < 0) return null;
            bytes[i] = (byte) value;
        }
        return bytes;
    }

    /** Bytes as characters. */
    static String text(byte[] bytes, int from, int to) {
        char[] text = new char[to - from];
        for (int i = from; i < to; i++) text[i - from] = character(bytes[i]);
        return new String(text);
    }
}
