package tk.jinja;

import java.util.List;
import java.util.Optional;

/** The variable {@code loop} inside a loop. */
final class LoopContext implements Function {
    private final LoopItems items;
    private final int depth;
    private final Operators operators;
    private final Function recursion;
    private int index;
    private Optional<Object> lastChanged = Optional.empty();

    /**
     * Of a loop over these items.
     *
     * @param depth of recursion, from 0
     * @param recursion what calling {@code loop} does
     */
    LoopContext(LoopItems items, int depth, Operators operators, Function recursion) {
        this.items = items;
        this.depth = depth;
        this.operators = operators;
        this.recursion = recursion;
    }

    void moveTo(int next) {
        index = next;
    }

    int depth() {
        return depth;
    }

    @Override
    public Object call(Arguments arguments) {
        return recursion.call(arguments);
    }

    Optional<Object> attribute(String name) {
        Object value =
                switch (name) {
                    case "index0" -> (long) index;
                    case "index" -> index + 1L;
                    case "revindex0" -> (long) items.size() - index - 1;
                    case "revindex" -> (long) items.size() - index;
                    case "first" -> index == 0;
                    case "last" -> !items.has(index + 1);
                    case "length" -> (long) items.size();
                    case "depth" -> depth + 1L;
                    case "depth0" -> (long) depth;
                    case "previtem" ->
                            index == 0
                                    ? new Undefined("there is no previous item")
                                    : items.get(index - 1);
                    case "nextitem" ->
                            !items.has(index + 1)
                                    ? new Undefined("there is no next item")
                                    : items.get(index + 1);
                    case "cycle" -> (Function) this::cycle;
                    case "changed" -> (Function) this::changed;
                    default -> null;
                };
        return Optional.ofNullable(value);
    }

    private Object cycle(Arguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) throw new JinjaError("no items for cycling given");
        return values.get(index % values.size());
    }

    private Object changed(Arguments arguments) {
        Object now = new Tuple(arguments.positional());
        boolean changed = lastChanged.isEmpty() || !operators.equal(lastChanged.get(), now);
        lastChanged = Optional.of(now);
        return changed;
    }
}
