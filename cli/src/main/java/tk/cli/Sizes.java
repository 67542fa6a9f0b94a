package tk.cli;

import java.util.Locale;

/** Sizes and counts as people read them. */
final class Sizes {
    private Sizes() {}

    /** In binary units: {@code 4.1 GiB}. */
    static String bytes(long bytes) {
        if (bytes < 1024) return bytes + " B";
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    /** With the thousands set apart: {@code 134,105,856}. */
    static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }
}
