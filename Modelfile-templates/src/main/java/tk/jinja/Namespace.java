package tk.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code namespace(…)} makes: the one value whose attributes a template can set. */
final class Namespace {
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    void set(String name, Object value) {
        attributes.put(name, value);
    }

    Object get(String name) {
        Object value = attributes.get(name);
        return value == null
                ? new Undefined("'namespace object' has no attribute '" + name + "'")
                : value;
    }
}
