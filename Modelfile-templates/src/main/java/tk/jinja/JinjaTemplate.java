package tk.jinja;

import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A chat template in Jinja, rendered as transformers renders it: {@code trim_blocks} and {@code
 * lstrip_blocks}, loop controls, {@code {% generation %}}, its own {@code tojson}, {@code
 * raise_exception} and {@code strftime_now}, an immutable sandbox.
 *
 * <p>What a template can reach are the values it is given and the methods, filters and tests listed
 * in this package: no reflection, no files, no clock but the one given. Steps, text and depth are
 * bounded. Immutable and thread-safe.
 *
 * <p>Source: jinja2 3.1, transformers' {@code chat_template_utils.py}.
 */
public final class JinjaTemplate {
    private final List<Statement> statements;

    private JinjaTemplate(List<Statement> statements) {
        this.statements = statements;
    }

    /**
     * Parses a template.
     *
     * @throws MalformedException where it breaks Jinja's grammar
     * @throws UnsupportedException where it uses a construct that tk lacks, naming it
     */
    public static JinjaTemplate parse(String template) {
        return new JinjaTemplate(StatementParser.parse(template));
    }

    /**
     * Renders it.
     *
     * @param variables {@code messages}, {@code add_generation_prompt}, {@code bos_token}, …
     * @param now what {@code strftime_now} tells
     * @return the prompt, or why the template does not take this conversation
     * @throws UnsupportedException where it uses something that tk lacks, naming it
     * @throws tk.error.UnsafeException where it uses up more than any template should
     */
    public Rendering render(JsonObject variables, Supplier<LocalDateTime> now) {
        Budget budget = new Budget();
        Operators operators = new Operators(budget);
        Interpreter interpreter = new Interpreter(new Evaluator(operators));
        Map<String, Object> all = new LinkedHashMap<>(Globals.of(operators, now));
        variables.members().forEach((name, value) -> all.put(name, value(value)));
        try {
            // A scope of its own: the template's variables hide the given ones.
            return new Rendering.Text(interpreter.run(statements, Scope.outermost(all).inner()));
        } catch (JinjaError.Raised e) {
            return new Rendering.Refused(String.valueOf(e.getMessage()));
        } catch (JinjaError e) {
            return new Rendering.Refused(
                    "line %d: %s".formatted(interpreter.line(), e.getMessage()));
        } catch (UnsupportedException e) {
            throw placed(e, interpreter.line());
        } catch (ArithmeticException e) {
            throw new UnsupportedException(
                    "chat template, line %d: numbers beyond 64 bits".formatted(interpreter.line()),
                    null,
                    e);
        }
    }

    private static TkException placed(UnsupportedException e, int line) {
        return new UnsupportedException(
                "chat template, line %d: %s".formatted(line, e.getMessage()), e.hint(), e);
    }

    /** JSON's values as Python's {@code json.loads} gives them. */
    private static Object value(JsonValue json) {
        return switch (json) {
            case JsonNull n -> None.NONE;
            case JsonBoolean(boolean b) -> b;
            case JsonString(String s) -> s;
            case JsonNumber number ->
                    number.isWhole() && number.asLong().isPresent()
                            ? (Object) number.asLong().get()
                            : (Object) number.asDouble();
            case JsonArray(var items) -> {
                List<Object> list = new ArrayList<>(items.size());
                for (JsonValue item : items) list.add(value(item));
                yield list;
            }
            case JsonObject(var members) -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                members.forEach((name, member) -> map.put(name, value(member)));
                yield map;
            }
        };
    }
}
