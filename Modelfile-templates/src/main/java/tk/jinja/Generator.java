package tk.jinja;

import java.util.Iterator;
import java.util.List;

/**
 * What {@code map}, {@code select} and their kin give: it can be gone through once, has no length
 * and is always true. The items are there from the start; none of them can tell.
 */
final class Generator {
    private final Iterator<Object> rest;

    Generator(List<Object> items) {
        rest = items.iterator();
    }

    Iterator<Object> rest() {
        return rest;
    }
}
