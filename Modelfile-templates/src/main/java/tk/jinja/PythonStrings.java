package tk.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** Strings as Python counts them: by code points, with Unicode's white space. */
final class PythonStrings {
    private PythonStrings() {}

    static boolean isSpace(int c) {
        return switch (c) {
            case '\t',
                    '\n',
                    0x0b,
                    '\f',
                    '\r',
                    0x1c,
                    0x1d,
                    0x1e,
                    0x1f,
                    ' ',
                    0x85,
                    0xa0,
                    0x1680,
                    0x2028,
                    0x2029,
                    0x202f,
                    0x205f,
                    0x3000 ->
                    true;
            default -> c >= 0x2000 && c <= 0x200a;
        };
    }

    /** Whether there is something in it, and all of it white space. */
    static boolean isSpace(String text) {
        return !text.isEmpty() && text.codePoints().allMatch(PythonStrings::isSpace);
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    static String at(String text, int index) {
        int from = text.offsetByCodePoints(0, index);
        return Character.toString(text.codePointAt(from));
    }

    /** From one code point to before another. */
    static String slice(String text, int from, int to) {
        if (from >= to) return "";
        int begin = text.offsetByCodePoints(0, from);
        return text.substring(begin, text.offsetByCodePoints(begin, to - from));
    }

    static List<Object> characters(String text) {
        List<Object> out = new ArrayList<>(text.length());
        text.codePoints().forEach(c -> out.add(Character.toString(c)));
        return out;
    }

    static String strip(String text) {
        return stripLeft(stripRight(text));
    }

    static String stripLeft(String text) {
        return strip(text, PythonStrings::isSpace, true, false);
    }

    static String stripRight(String text) {
        return strip(text, PythonStrings::isSpace, false, true);
    }

    static String strip(String text, IntPredicate of, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        while (left && from < to && of.test(text.codePointAt(from)))
            from += Character.charCount(text.codePointAt(from));
        while (right && to > from && of.test(text.codePointBefore(to)))
            to -= Character.charCount(text.codePointBefore(to));
        return text.substring(from, to);
    }

    /** Whether it is one of these characters. */
    static IntPredicate in(String characters) {
        return c -> characters.indexOf(c) >= 0;
    }

    /** Python's {@code split()} at runs of white space, at most so often unless negative. */
    static List<Object> words(String text, long most) {
        List<Object> words = new ArrayList<>();
        String rest = stripLeft(text);
        while (!rest.isEmpty()) {
            if (most >= 0 && words.size() >= most) {
                words.add(rest);
                break;
            }
            int end = 0;
            while (end < rest.length() && !isSpace(rest.charAt(end))) end++;
            words.add(rest.substring(0, end));
            rest = stripLeft(rest.substring(end));
        }
        return words;
    }

    /** Python's {@code rsplit()} at runs of white space, from the right. */
    static List<Object> wordsFromRight(String text, long most) {
        if (most < 0) return words(text, -1);
        List<Object> words = new ArrayList<>();
        String rest = stripRight(text);
        while (!rest.isEmpty()) {
            if (words.size() >= most) {
                words.addFirst(rest);
                break;
            }
            int begin = rest.length();
            while (begin > 0 && !isSpace(rest.charAt(begin - 1))) begin--;
            words.addFirst(rest.substring(begin));
            rest = stripRight(rest.substring(0, begin));
        }
        return words;
    }

    static List<Object> split(String text, String separator, long most) {
        List<Object> parts = new ArrayList<>();
        int from = 0;
        while (most < 0 || parts.size() < most) {
            int end = text.indexOf(separator, from);
            if (end < 0) break;
            parts.add(text.substring(from, end));
            from = end + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    static List<Object> splitFromRight(String text, String separator, long most) {
        List<Object> parts = new ArrayList<>();
        int to = text.length();
        while (most < 0 || parts.size() < most) {
            int begin =
                    to < separator.length()
                            ? -1
                            : text.lastIndexOf(separator, to - separator.length());
            if (begin < 0) break;
            parts.addFirst(text.substring(begin + separator.length(), to));
            to = begin;
        }
        parts.addFirst(text.substring(0, to));
        return parts;
    }

    static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); ) {
            char c = text.charAt(i);
            int after = i + 1;
            if (c == '\r' && after < text.length() && text.charAt(after) == '\n') after++;
            if (isLineEnd(c)) {
                lines.add(text.substring(from, keepEnds ? after : i));
                from = after;
                i = after;
            } else {
                i++;
            }
        }
        if (from < text.length()) lines.add(text.substring(from));
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return switch (c) {
            case '\n', '\r', 0x0b, '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029 -> true;
            default -> false;
        };
    }

    /** The order of code points, which is not that of Java's chars. */
    static int compare(String a, String b) {
        int i = 0;
        int end = Math.min(a.length(), b.length());
        while (i < end && a.charAt(i) == b.charAt(i)) i++;
        if (i == end) return Integer.compare(a.length(), b.length());
        char x = a.charAt(i);
        char y = b.charAt(i);
        boolean surrogates = Character.isSurrogate(x) != Character.isSurrogate(y);
        return surrogates
                ? Boolean.compare(Character.isSurrogate(x), Character.isSurrogate(y))
                : Character.compare(x, y);
    }
}
