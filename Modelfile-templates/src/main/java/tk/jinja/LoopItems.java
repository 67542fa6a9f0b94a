package tk.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;

/**
 * What a loop goes through: the items that pass its test, each tested no earlier than someone asks
 * for it, since what the loop did before may decide.
 */
final class LoopItems {
    private final Iterator<Object> rest;
    private final Predicate<Object> test;
    private final List<Object> taken = new ArrayList<>();

    LoopItems(List<Object> items, Predicate<Object> test) {
        rest = items.iterator();
        this.test = test;
    }

    /** Whether there are more than this many. */
    boolean has(int index) {
        while (taken.size() <= index && rest.hasNext()) {
            Object item = rest.next();
            if (test.test(item)) taken.add(item);
        }
        return index < taken.size();
    }

    /** One that {@link #has} has seen. */
    Object get(int index) {
        return taken.get(index);
    }

    /** How many there are: tests all. */
    int size() {
        while (rest.hasNext()) has(taken.size());
        return taken.size();
    }
}
