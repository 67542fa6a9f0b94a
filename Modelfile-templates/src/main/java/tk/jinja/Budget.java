package tk.jinja;

import tk.error.UnsafeException;

import java.util.Locale;

/**
 * What one rendering may use up. A template comes from a stranger's file: without limits a few
 * lines of it would run forever, or fill the memory with a string that doubles itself.
 */
final class Budget {
    private static final long STEPS = 5_000_000;
    private static final long CHARACTERS = 50_000_000;
    private static final int DEPTH = 450;

    private long steps;
    private long characters;
    private int depth;

    /** One node evaluated, one item visited, one pair compared. */
    void step() {
        if (++steps > STEPS)
            throw exceeded(String.format(Locale.ROOT, "takes more than %,d steps", STEPS));
    }

    /** About to make text, or a list, of that length. */
    void size(long length) {
        characters += Math.max(0, length);
        if (characters > CHARACTERS)
            throw exceeded(
                    String.format(Locale.ROOT, "makes more than %,d characters", CHARACTERS));
    }

    /** Into a statement, an expression, a function, a nested value: each takes of the stack. */
    void enter() {
        if (++depth > DEPTH) throw exceeded("nests deeper than %d".formatted(DEPTH));
    }

    void leave() {
        depth--;
    }

    private static UnsafeException exceeded(String what) {
        return new UnsafeException("the chat template " + what, "No real one does.");
    }
}
