package tk.gotemplate;

import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A value that prints itself (Go's {@code Stringer}) other than by its kind. */
sealed interface Printed {
    /** What an action prints. */
    String text();

    /** A list that was never made: empty, and {@code null} in JSON. */
    final class NilList extends AbstractList<Object> implements Printed {
        @Override
        public Object get(int index) {
            throw new IndexOutOfBoundsException(index);
        }

        @Override
        public int size() {
            return 0;
        }

        @Override
        public String text() {
            return "[]";
        }
    }

    /** A list that prints as JSON: the tools; {@code null} where there are none. */
    final class JsonList extends AbstractList<Object> implements Printed {
        private final List<Object> items;

        JsonList(List<Object> items) {
            this.items = List.copyOf(items);
        }

        @Override
        public Object get(int index) {
            return items.get(index);
        }

        @Override
        public int size() {
            return items.size();
        }

        @Override
        public String text() {
            return GoJson.of(this);
        }
    }

    /** A map that prints as JSON: the arguments of a call, the properties of a tool. */
    final class JsonMap extends AbstractMap<String, Object> implements Printed {
        private final Map<String, Object> members;

        JsonMap(Map<String, Object> members) {
            this.members = Map.copyOf(members);
        }

        @Override
        public Set<Entry<String, Object>> entrySet() {
            return members.entrySet();
        }

        @Override
        public String text() {
            return GoJson.of(this);
        }
    }

    /** A property's types: one prints, and is JSON, as itself. */
    final class Types extends AbstractList<Object> implements Printed {
        private final List<String> types;

        Types(List<String> types) {
            this.types = List.copyOf(types);
        }

        List<String> types() {
            return types;
        }

        @Override
        public Object get(int index) {
            return types.get(index);
        }

        @Override
        public int size() {
            return types.size();
        }

        @Override
        public String text() {
            return types.size() == 1
                    ? types.getFirst()
                    : types.isEmpty() ? "" : "[" + String.join(" ", types) + "]";
        }
    }
}
