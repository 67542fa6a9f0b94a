package tk.verify;

import java.util.Locale;

/** Numbers as a reader wants them, the same in every locale. */
public final class Numbers {
    private Numbers() {}

    /** Three significant digits: {@code 0.0123}, {@code 1.23e-7}, {@code 12.3}; {@code 0}. */
    public static String three(double value) {
        if (value == 0) return "0";
        double size = Math.abs(value);
        if (size < 1e-3 || size >= 1e6) return exponent(value);
        int digits = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    private static String exponent(double value) {
        String text = String.format(Locale.ROOT, "%.2e", value);
        return text.replaceFirst("e([+-])0*(\\d)", "e$1$2").replace("e+", "e");
    }

    /** So many digits after the point. */
    public static String fixed(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    /** {@code 99.42 %}; exactly 1 is {@code 100 %}, and nothing else is. */
    public static String percent(double share) {
        if (share == 1) return "100\u00a0%";
        return String.format(Locale.ROOT, "%.2f\u00a0%%", Math.floor(share * 10000) / 100);
    }

    /** With a thin space between thousands. */
    public static String whole(long value) {
        return String.format(Locale.ROOT, "%,d", value).replace(',', '\u202f');
    }

    /** {@code 12.3 MiB}. */
    public static String bytes(long value) {
        String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
        double size = value;
        int unit = 0;
        while (size >= 1024 && unit < units.length - 1) {
            size /= 1024;
            unit++;
        }
        return (unit == 0 ? whole(value) : three(size)) + "\u00a0" + units[unit];
    }
}
