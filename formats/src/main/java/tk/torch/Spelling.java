package tk.torch;

import java.util.Locale;

/** How names found in a file are shown in messages. */
final class Spelling {
    private static final int LONGEST = 120;

    private Spelling() {}

    /**
     * The name with everything but printable ASCII escaped, so that a look-alike letter or a
     * control character shows; cut where it is very long.
     */
    static String visible(String name) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < name.length() && out.length() < LONGEST; i++) {
            char c = name.charAt(i);
            if (c >= ' ' && c < 0x7f) out.append(c);
            else out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
        }
        if (out.length() >= LONGEST) out.append('…');
        return out.toString();
    }
}
