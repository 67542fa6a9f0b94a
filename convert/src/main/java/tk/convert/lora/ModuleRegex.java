package tk.convert.lora;

import tk.error.MalformedException;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression from an adapter's configuration, as Python's {@code re} reads it, over the
 * path of a module.
 *
 * <p>It comes from a file of unknown origin, so that a match may take only so many steps.
 */
public final class ModuleRegex {
    /** Far more than any real expression needs for a module's path of some fifty characters. */
    private static final int MOST_STEPS = 2_000_000;

    private static final int LONGEST = 1 << 16;

    private final Pattern pattern;
    private final String place;

    private ModuleRegex(Pattern pattern, String place) {
        this.pattern = pattern;
        this.place = place;
    }

    /**
     * Compiles one.
     *
     * @param place the file and the JSON path it stands at, for errors
     * @throws MalformedException where it is no regular expression, or nested too deeply
     */
    static ModuleRegex of(String python, String place) {
        if (python.length() > LONGEST) {
            throw new MalformedException(
                    "%s: a regular expression of %d characters, expected at most %d"
                            .formatted(place, python.length(), LONGEST));
        }
        String java =
                python.replace("(?P<", "(?<")
                        .replaceAll("\\(\\?P=(\\w+)\\)", "\\\\k<$1>")
                        .replace("\\Z", "\\z");
        try {
            return new ModuleRegex(Pattern.compile(java), place);
        } catch (PatternSyntaxException e) {
            throw new MalformedException(
                    "%s: `%s` is no regular expression: %s"
                            .formatted(place, python, e.getDescription()),
                    "Correct it in adapter_config.json.",
                    e);
        } catch (StackOverflowError e) {
            throw new MalformedException(
                    "%s: a regular expression nested too deeply".formatted(place),
                    "Correct it in adapter_config.json.",
                    e);
        }
    }

    /** Whether the whole path matches ({@code re.fullmatch}). */
    boolean matches(String path) {
        return run(path, Matcher::matches);
    }

    /** Whether the path's beginning matches ({@code re.match}). */
    boolean begins(String path) {
        return run(path, Matcher::lookingAt);
    }

    /**
     * The group called {@code idx} of a match at the path's beginning ({@code re.match}); empty
     * where there is no match, or the group has no part in it.
     */
    Optional<String> index(String path) {
        StringBuilder index = new StringBuilder();
        run(
                path,
                matcher -> {
                    if (!matcher.lookingAt() || matcher.group("idx") == null) return false;
                    index.append(matcher.group("idx"));
                    return true;
                });
        return Optional.of(index.toString()).filter(text -> !text.isEmpty());
    }

    private interface Attempt {
        boolean on(Matcher matcher);
    }

    private boolean run(String path, Attempt attempt) {
        try {
            return attempt.on(pattern.matcher(new Counted(path, new int[1])));
        } catch (TooManySteps | StackOverflowError e) {
            throw new MalformedException(
                    String.format(
                            Locale.ROOT,
                            "%s: `%s` takes more than %,d steps on `%s`",
                            place,
                            pattern,
                            MOST_STEPS,
                            path),
                    "Write it without nested repetitions.",
                    e);
        }
    }

    private static final class TooManySteps extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Text that counts how often it is looked at, which is what backtracking does. */
    private record Counted(String text, int[] steps) implements CharSequence {
        @Override
        public char charAt(int index) {
            if (++steps[0] > MOST_STEPS) throw new TooManySteps();
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
