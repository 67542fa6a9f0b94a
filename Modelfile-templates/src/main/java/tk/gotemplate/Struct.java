package tk.gotemplate;

import java.util.List;
import java.util.Optional;

/**
 * A Go struct: asking it for a field it does not have is an error, where a map gives nothing.
 *
 * @param type its name, for messages
 * @param fields in order of declaration
 */
record Struct(String type, List<Field> fields) {
    /**
     * A field.
     *
     * @param json its name in JSON
     * @param omitEmpty whether JSON leaves it out where it is empty
     */
    record Field(String name, Object value, String json, boolean omitEmpty) {
        /** With the same name in JSON. */
        static Field of(String name, Object value) {
            return new Field(name, value, name, false);
        }

        static Field tagged(String name, Object value, String json) {
            return new Field(name, value, json, false);
        }

        static Field optional(String name, Object value, String json) {
            return new Field(name, value, json, true);
        }
    }

    Optional<Object> field(String name) {
        return fields.stream().filter(f -> f.name().equals(name)).map(Field::value).findFirst();
    }
}
