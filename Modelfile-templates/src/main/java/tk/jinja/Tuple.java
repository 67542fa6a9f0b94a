package tk.jinja;

import java.util.List;

/** A Python tuple: like a list, but equal to tuples only and printed in parentheses. */
record Tuple(List<Object> items) {
    Tuple {
        items = List.copyOf(items);
    }
}
