package tk.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Variables by name; what is not here is looked for outside. */
final class Scope {
    private final Optional<Scope> outer;
    private final Map<String, Object> variables = new HashMap<>();

    private Scope(Optional<Scope> outer) {
        this.outer = outer;
    }

    static Scope outermost(Map<String, Object> variables) {
        Scope scope = new Scope(Optional.empty());
        scope.variables.putAll(variables);
        return scope;
    }

    Scope inner() {
        return new Scope(Optional.of(this));
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    Object get(String name) {
        Object value = variables.get(name);
        if (value != null) return value;
        return outer.isPresent() ? outer.get().get(name) : Undefined.name(name);
    }
}
