package tk.jinja;

import tk.error.UnsupportedException;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The global {@code strftime_now}: the time in C's notation, with English names. */
final class Strftime {
    private Strftime() {}

    static String format(LocalDateTime time, String format) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            if (unpadded) directive = format.charAt(++i);
            String text = directive(time, directive);
            out.append(unpadded ? text.replaceFirst("^[0 ]+(?=.)", "") : text);
        }
        return out.toString();
    }

    private static String directive(LocalDateTime time, char directive) {
        String pattern =
                switch (directive) {
                    case 'd' -> "dd";
                    case 'e' -> "ppd";
                    case 'm' -> "MM";
                    case 'b', 'h' -> "MMM";
                    case 'B' -> "MMMM";
                    case 'Y' -> "yyyy";
                    case 'y' -> "yy";
                    case 'H' -> "HH";
                    case 'I' -> "hh";
                    case 'M' -> "mm";
                    case 'S' -> "ss";
                    case 'f' -> "SSSSSS";
                    case 'p' -> "a";
                    case 'a' -> "EEE";
                    case 'A' -> "EEEE";
                    case 'j' -> "DDD";
                    case 'F' -> "yyyy-MM-dd";
                    case 'T' -> "HH:mm:ss";
                    case 'D' -> "MM/dd/yy";
                    case '%' -> "'%'";
                    case 'n' -> "'\n'";
                    case 't' -> "'\t'";
                    default ->
                            throw new UnsupportedException(
                                    "a chat template asks for the time as %%%c, which tk does not know"
                                            .formatted(directive));
                };
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(time);
    }
}
