package tk.tokenizer;

import tk.error.MalformedException;
import tk.error.UnsupportedException;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Cuts a text at the matches of a regular expression: every match is a word, and so is what lies
 * between two.
 *
 * <p>An expression out of a file is hostile: it gets a budget of steps proportional to the text,
 * and one that recurses too deeply is refused like one that runs too long.
 */
final class RegexPreTokenizer implements PreTokenizer {
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS;
    private static final int MAX_LENGTH = 4096;
    private static final int STEPS_A_CHAR = 500;

    private final Pattern pattern;

    private RegexPreTokenizer(Pattern pattern) {
        this.pattern = pattern;
    }

    /** Of an expression in Java's own notation. */
    static RegexPreTokenizer of(String regex) {
        return new RegexPreTokenizer(Pattern.compile(regex, FLAGS));
    }

    /**
     * Of an expression in the notation of tokenizers (Oniguruma).
     *
     * @param place where it stands, for errors
     */
    static RegexPreTokenizer ofOniguruma(String regex, String place) {
        if (regex.length() > MAX_LENGTH) {
            throw new UnsupportedException(
                    "%s: a pattern of %d characters".formatted(place, regex.length()));
        }
        String java = Oniguruma.toJava(regex, place);
        try {
            return new RegexPreTokenizer(Pattern.compile(java, FLAGS));
        } catch (PatternSyntaxException e) {
            throw new MalformedException(
                    "%s: not a pattern that tk reads: %s".formatted(place, e.getDescription()),
                    null,
                    e);
        }
    }

    /** Takes what matches and what lies between; neither is ever empty. */
    interface Stretches {
        /** A stretch of the text, and whether the expression matches it. */
        void accept(int from, int to, boolean match);
    }

    @Override
    public void cut(CharSequence text, int from, int to, Words words) {
        find(text, from, to, (start, end, match) -> words.accept(start, end));
    }

    /** Finds all matches between two indexes, as if the text were nothing but that. */
    void find(CharSequence text, int from, int to, Stretches stretches) {
        Matcher matcher = pattern.matcher(new Budget(text, from, to));
        try {
            int last = from;
            while (matcher.find()) {
                // An empty match cuts nothing out.
                if (matcher.start() == matcher.end()) continue;
                int start = from + matcher.start();
                if (start > last) stretches.accept(last, start, false);
                last = from + matcher.end();
                stretches.accept(start, last, true);
            }
            if (last < to) stretches.accept(last, to, false);
        } catch (StackOverflowError e) {
            throw tooMuch(e);
        }
    }

    private UnsupportedException tooMuch(Throwable cause) {
        return new UnsupportedException(
                "the pre-tokenizer's pattern takes too long: " + pattern.pattern(), null, cause);
    }

    /** A part of a text that counts how often it is looked at. */
    private final class Budget implements CharSequence {
        private final CharSequence text;
        private final int from;
        private final int to;
        private long steps;

        Budget(CharSequence text, int from, int to) {
            this.text = text;
            this.from = from;
            this.to = to;
            steps = (long) (to - from + 100) * STEPS_A_CHAR;
        }

        @Override
        public int length() {
            return to - from;
        }

        @Override
        public char charAt(int index) {
            if (steps-- == 0) throw tooMuch(new IllegalStateException("out of steps"));
            return text.charAt(from + index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(from + start, from + end);
        }
    }
}
