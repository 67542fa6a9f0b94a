package tk.cli;

import tk.error.UsageException;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and counts as people read them. */
final class Sizes {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([kmgtKMGT]?)(i?)[bB]?");

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

    /**
     * A size as people write it to Hugging Face's tools: {@code 5GB} is 5·10^9 bytes, {@code 5GiB}
     * 5·2^30.
     */
    static long parse(String option, String text) {
        Matcher m = SIZE.matcher(text.strip());
        if (!m.matches())
            throw new UsageException(option + " " + text, "Write it as 500MB, 5GB or 4GiB.");
        int power = "KMGT".indexOf(m.group(2).toUpperCase(Locale.ROOT)) + 1;
        long unit = 1;
        for (int i = 0; i < (m.group(2).isEmpty() ? 0 : power); i++)
            unit *= m.group(3).isEmpty() ? 1000 : 1024;
        return Math.multiplyExact(Long.parseLong(m.group(1)), unit);
    }

    /** With the thousands set apart: {@code 134,105,856}. */
    static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }
}
