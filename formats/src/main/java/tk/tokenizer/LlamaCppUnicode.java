package tk.tokenizer;

import java.util.Map;
import java.util.TreeMap;

/**
 * A text as llama.cpp's table of characters sees it. The table is Unicode 15.1's: to its
 * expressions, the letters, digits and signs that Unicode 16 added are no letters, digits or signs.
 *
 * <p>Source: measured with {@code llama-tokenize} (build 0.7.0) over all code points below U+32000;
 * Unicode 16, {@code DerivedAge.txt}.
 */
final class LlamaCppUnicode {
    /** Nothing, in Unicode 16 and 15.1: one in a char, one in two. */
    private static final char UNASSIGNED = '\u0378';

    private static final String UNASSIGNED_PAIR = Character.toString(0x50000);

    /** What Unicode 16 added: first to last code point. */
    private static final TreeMap<Integer, Integer> NEW =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry(0x897, 0x897),
                            Map.entry(0x1b4e, 0x1b4f),
                            Map.entry(0x1b7f, 0x1b7f),
                            Map.entry(0x1c89, 0x1c8a),
                            Map.entry(0x2427, 0x2429),
                            Map.entry(0x31e4, 0x31e5),
                            Map.entry(0xa7cb, 0xa7cd),
                            Map.entry(0xa7da, 0xa7dc),
                            Map.entry(0x105c0, 0x105f3), // Todhri
                            Map.entry(0x10d40, 0x10d8f), // Garay
                            Map.entry(0x10ec2, 0x10ec4),
                            Map.entry(0x10efc, 0x10efc),
                            Map.entry(0x11380, 0x113e2), // Tulu-Tigalari
                            Map.entry(0x116d0, 0x116e3),
                            Map.entry(0x11bc0, 0x11bf9), // Sunuwar
                            Map.entry(0x11f5a, 0x11f5a),
                            Map.entry(0x13460, 0x143fa), // Egyptian hieroglyphs
                            Map.entry(0x16100, 0x16139), // Gurung Khema
                            Map.entry(0x16d40, 0x16d79), // Kirat Rai
                            Map.entry(0x18cff, 0x18cff),
                            Map.entry(0x1cc00, 0x1ceb3), // signs of old computers
                            Map.entry(0x1e5d0, 0x1e5ff), // Ol Onal
                            Map.entry(0x1f8b2, 0x1f8c1),
                            Map.entry(0x1fa89, 0x1fa89),
                            Map.entry(0x1fa8f, 0x1fa8f),
                            Map.entry(0x1fabe, 0x1fabe),
                            Map.entry(0x1fac6, 0x1fac6),
                            Map.entry(0x1fadc, 0x1fadc),
                            Map.entry(0x1fadf, 0x1fadf),
                            Map.entry(0x1fae9, 0x1fae9),
                            Map.entry(0x1fbcb, 0x1fbef)));

    private LlamaCppUnicode() {}

    /** The text itself, or one of its length with what is new in it replaced by nothing known. */
    static CharSequence of(CharSequence text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) < 0x897) continue;
            int c = Character.codePointAt(text, i);
            if (isNew(c)) return replaced(text);
            if (c > 0xffff) i++;
        }
        return text;
    }

    static boolean isNew(int codePoint) {
        Map.Entry<Integer, Integer> range = NEW.floorEntry(codePoint);
        return range != null && codePoint <= range.getValue();
    }

    private static CharSequence replaced(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .forEach(
                        c -> {
                            if (!isNew(c)) out.appendCodePoint(c);
                            else if (c > 0xffff) out.append(UNASSIGNED_PAIR);
                            else out.append(UNASSIGNED);
                        });
        return out;
    }
}
