package tk.tokenizer;

import tk.error.UnsupportedException;

import java.util.Map;

/**
 * Rewrites an expression of a tokenizer.json, which the tokenizers library gives to Oniguruma, so
 * that Java's matches the same.
 *
 * <p>The two agree on properties, on digits and on white space. They differ in what a word
 * character is, in POSIX brackets, in the names of scripts and in {@code \h}.
 *
 * <p>Source: Oniguruma, {@code doc/RE}; which characters a class holds was measured with tokenizers
 * 0.22 over all of Unicode.
 */
final class Oniguruma {
    private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";

    /** What is a word character outside of brackets only: the numbers of Latin-1. */
    private static final String LATIN_NUMBERS = "\u00b2\u00b3\u00b9\u00bc\u00bd\u00be";

    private static final Map<String, String> BRACKETS =
            Map.of(
                    "alpha", "\\p{IsAlphabetic}",
                    "digit", "\\p{Nd}",
                    "alnum", "\\p{IsAlphabetic}\\p{Nd}",
                    "space", "\\s",
                    "upper", "\\p{IsUppercase}",
                    "lower", "\\p{IsLowercase}",
                    "punct", "\\p{P}\\p{S}",
                    "word", WORD);

    private Oniguruma() {}

    /**
     * The expression for Java, with {@code UNICODE_CHARACTER_CLASS}.
     *
     * @param place where it stands, for errors
     */
    static String toJava(String regex, String place) {
        StringBuilder java = new StringBuilder(regex.length() + 16);
        int at = 0;
        int depth = 0;
        while (at < regex.length()) {
            char c = regex.charAt(at);
            if (c == '\\' && at + 1 < regex.length()) {
                at = escape(regex, at, depth > 0, java);
            } else if (regex.startsWith("[:", at) && regex.indexOf(":]", at) > 0) {
                at = bracket(regex, at, java, place);
            } else if (regex.startsWith("(?i:", at)) {
                java.append("(?iu:");
                at += 4;
            } else {
                if (c == '[') depth++;
                if (c == ']' && depth > 0) depth--;
                java.append(c);
                at++;
            }
        }
        return java.toString();
    }

    /** Appends what stands for an escape at {@code at}; gives the index behind it. */
    private static int escape(String regex, int at, boolean bracketed, StringBuilder java) {
        char kind = regex.charAt(at + 1);
        String word = bracketed ? WORD : WORD + LATIN_NUMBERS;
        switch (kind) {
            case 'w' -> java.append('[').append(word).append(']');
            case 'W' -> java.append("[^").append(word).append(']');
            case 'h' -> java.append("[0-9a-fA-F]");
            case 'H' -> java.append("[^0-9a-fA-F]");
            case 'p', 'P' -> {
                int end = regex.indexOf('}', at);
                if (end > 0 && regex.startsWith("{", at + 2)) {
                    String name = regex.substring(at + 3, end);
                    java.append('\\').append(kind).append('{').append(property(name)).append('}');
                    return end + 1;
                }
                java.append('\\').append(kind);
            }
            default -> java.append('\\').append(kind);
        }
        return at + 2;
    }

    /** Scripts are marked as such in Java; two letters are a category. */
    private static String property(String name) {
        if (name.length() <= 2) return name;
        try {
            Character.UnicodeScript.forName(name);
            return "Is" + name;
        } catch (IllegalArgumentException e) {
            return name;
        }
    }

    private static int bracket(String regex, int at, StringBuilder java, String place) {
        int end = regex.indexOf(":]", at);
        String name = regex.substring(at + 2, end);
        boolean negated = name.startsWith("^");
        String members = BRACKETS.get(negated ? name.substring(1) : name);
        if (members == null) {
            throw new UnsupportedException(
                    "%s: the bracket [:%s:] in a pattern".formatted(place, name),
                    "tk reads " + String.join(", ", BRACKETS.keySet().stream().sorted().toList()));
        }
        java.append(negated ? "[^" : "[").append(members).append(']');
        return end + 2;
    }
}
