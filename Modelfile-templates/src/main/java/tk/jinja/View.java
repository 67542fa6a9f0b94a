package tk.jinja;

import java.util.List;

/**
 * The items, keys or values of a mapping: has a length, can be gone through, but not indexed.
 *
 * @param kind {@code dict_items}, {@code dict_keys} or {@code dict_values}
 */
record View(String kind, List<Object> items) {}
