package tk.jinja;

import static org.junit.jupiter.api.Assertions.fail;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Templates with what jinja2 makes of them; {@code render.py} wrote the expectations. */
record JinjaCases(List<Case> cases) {
    /** The clock of {@code render.py}. */
    static final LocalDateTime NOW = LocalDateTime.of(2026, 2, 3, 4, 5, 6);

    /**
     * One rendering.
     *
     * @param expected absent where jinja2 raises an exception
     */
    record Case(String template, JsonObject variables, Optional<String> expected) {
        @Override
        public String toString() {
            return template;
        }
    }

    /** Construct by construct. */
    static JinjaCases builtIn() throws IOException {
        return named("cases.json");
    }

    /** Whole chat templates, written as models have them. */
    static JinjaCases formats() throws IOException {
        return named("formats.json");
    }

    private static JinjaCases named(String file) throws IOException {
        try (var in = JinjaCases.class.getResourceAsStream(file)) {
            return of(in.readAllBytes());
        }
    }

    static JinjaCases of(byte[] json) {
        JsonObject document = (JsonObject) Json.parse(json, "cases");
        JsonObject common = document.object("variables").orElseThrow();
        List<Case> cases = new ArrayList<>();
        for (var item : document.array("cases").orElseThrow().items()) {
            JsonObject one = (JsonObject) item;
            JsonObject variables = common;
            for (var own : one.object("variables").map(JsonObject::members).stream().toList()) {
                for (var entry : own.entrySet())
                    variables = variables.with(entry.getKey(), entry.getValue());
            }
            cases.add(
                    new Case(
                            one.string("template").orElseThrow(),
                            variables,
                            one.string("expected")));
        }
        return new JinjaCases(cases);
    }

    /** What tk makes of it; empty where it refuses. */
    static Optional<String> rendered(Case one) {
        try {
            return switch (JinjaTemplate.parse(one.template()).render(one.variables(), () -> NOW)) {
                case Rendering.Text(String text) -> Optional.of(text);
                case Rendering.Refused(String message) -> Optional.empty();
            };
        } catch (MalformedException e) {
            return Optional.empty();
        } catch (UnsupportedException e) {
            if (one.expected().isPresent()) return fail(e);
            return Optional.empty();
        }
    }
}
