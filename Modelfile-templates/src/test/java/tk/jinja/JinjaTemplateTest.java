package tk.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.UnsafeException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

class JinjaTemplateTest {
    private static final JsonObject NOTHING = new JsonObject(new LinkedHashMap<>());

    private static Rendering rendered(String template) {
        return JinjaTemplate.parse(template).render(NOTHING, () -> JinjaCases.NOW);
    }

    static List<JinjaCases.Case> cases() throws IOException {
        return JinjaCases.builtIn().cases();
    }

    static List<JinjaCases.Case> formats() throws IOException {
        return JinjaCases.formats().cases();
    }

    @ParameterizedTest
    @MethodSource({"cases", "formats"})
    void rendersAsJinja2Does(JinjaCases.Case one) {
        assertThat(JinjaCases.rendered(one)).isEqualTo(one.expected());
    }

    @Test
    void tellsWhatATemplateRaises() {
        assertThat(rendered("a{{ raise_exception('only alternating roles') }}b"))
                .isEqualTo(new Rendering.Refused("only alternating roles"));
        assertThat(rendered("\n\n{{ none + 'x' }}"))
                .isEqualTo(
                        new Rendering.Refused(
                                "line 3: unsupported operand type(s) for +: 'NoneType' and 'str'"));
    }

    @Test
    void namesTheConstructItLacks() {
        assertThatThrownBy(() -> rendered("{{ 'a'|urlize }}"))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("line 1")
                .hasMessageContaining("'urlize'");
        assertThatThrownBy(() -> rendered("\n{% include 'x' %}"))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("include");
    }

    @Test
    void namesTheLineOfASyntaxError() {
        assertThatThrownBy(() -> rendered("a\nb\n{% if x %}\n"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("endif");
        assertThatThrownBy(() -> rendered("a\nb {{ 1 + }}"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("line 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
                "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
                "{{ 'a' * 9999999999 }}",
                "{{ [0] * 9999999999 }}",
                "{{ 'a'.ljust(9999999999) }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{{ 'a'.replace('a', 'a' * 9999999).replace('a', 'aaaaaaaaaa') }}",
                "{{ 'a'.center(999999999) }}{{ '%999999999d' % 1 }}",
                "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
                "{{ ([[0] * 9999] * 9999)|tojson }}",
                "{{ '%s' % ('a' * 30000000) ~ 'b' * 30000000 }}",
                "{% macro m(n) %}{{ (((m(1) + 1) + 1)|string + 'a')[0]|string|string }}{% endmacro %}{{ m(1) }}",
                "{% macro m(n) %}{{ [[[[{'a': (m(1) if true else 1)}]]]] }}{% endmacro %}{{ m(1) }}",
                "{% macro m(n) %}{% for i in [1] %}{% if true %}{% set a %}{{ m(m(n)) }}{% endset %}{% endif %}{% endfor %}{% endmacro %}{{ m(1) }}",
                "{% set ns = namespace(k=1) %}{% for i in range(9999) %}{% set ns.k = (ns.k,) %}{% endfor %}{{ {ns.k: 1} }}",
                "{% set ns = namespace(k=1) %}{% for i in range(99) %}{% set ns.k = (ns.k, ns.k) %}{% endfor %}{{ {1: 1}[ns.k] }}",
            })
    void endsWhatWouldTakeTooMuch(String template) {
        assertThatThrownBy(() -> rendered(template)).isInstanceOf(UnsafeException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "not ", "-", "{'a':", "'a' if 'b' else ", "f("})
    void refusesToNestWithoutEnd(String opening) {
        assertThatThrownBy(() -> JinjaTemplate.parse("{{ " + opening.repeat(100_000)))
                .isInstanceOf(MalformedException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                " + 1", " * 1", " ** 1", " and 1", " or 1", ".a", "[1]", "()", "|e", " if 1"
            })
    void refusesChainsWithoutEnd(String link) {
        assertThatThrownBy(() -> JinjaTemplate.parse("{{ 1" + link.repeat(100_000) + " }}"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("nested deeper");
        assertThat(JinjaTemplate.parse("{{ a" + link.repeat(150) + " }}")).isNotNull();
    }

    @Test
    void flatExpressionsMayBeLong() {
        assertThat(rendered("{{ 1" + " ~ 1".repeat(1000) + " }}"))
                .isEqualTo(new Rendering.Text("1".repeat(1001)));
        assertThat(rendered("{{ 'a'" + " + 'a'".repeat(150) + " }}"))
                .isEqualTo(new Rendering.Text("a".repeat(151)));
    }

    @Test
    void refusesRangesAsLongAsTheSandboxDoes() {
        for (String template :
                List.of(
                        "{% for i in range(999999999) %}x{% endfor %}",
                        "{{ range(100001)|list }}", "{{ range(0, -999999999, -1)|length }}")) {
            assertThat(rendered(template)).as(template).isInstanceOf(Rendering.Refused.class);
        }
        assertThat(rendered("{{ range(100000)|length }}")).isEqualTo(new Rendering.Text("100000"));
    }

    @Test
    void readsItsVariables() {
        var variables =
                (JsonObject)
                        JsonValue.of(
                                Map.of(
                                        "n",
                                        2,
                                        "list",
                                        List.of(1.5, true),
                                        "s",
                                        "İ",
                                        "o",
                                        Map.of()));
        assertThat(
                        JinjaTemplate.parse("{{ n + 1 }}{{ list }}{{ s }}{{ o }}")
                                .render(variables, () -> JinjaCases.NOW))
                .isEqualTo(new Rendering.Text("3[1.5, True]İ{}"));
    }
}
