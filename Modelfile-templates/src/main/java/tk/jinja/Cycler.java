package tk.jinja;

import java.util.List;
import java.util.Optional;

/** {@code cycler('odd', 'even')}: gives its items one after the other, again and again. */
final class Cycler {
    private final List<Object> items;
    private int at;

    Cycler(List<Object> items) {
        if (items.isEmpty()) throw new JinjaError("at least one item has to be provided");
        this.items = List.copyOf(items);
    }

    Optional<Object> attribute(String name) {
        return switch (name) {
            case "current" -> Optional.of(items.get(at));
            case "next" ->
                    Optional.of(
                            (Function)
                                    a -> {
                                        Object item = items.get(at);
                                        at = (at + 1) % items.size();
                                        return item;
                                    });
            case "reset" ->
                    Optional.of(
                            (Function)
                                    a -> {
                                        at = 0;
                                        return None.NONE;
                                    });
            default -> Optional.empty();
        };
    }
}
