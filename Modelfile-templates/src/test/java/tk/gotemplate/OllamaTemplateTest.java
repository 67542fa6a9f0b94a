package tk.gotemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.UnsafeException;

import java.time.LocalDate;
import java.util.List;

class OllamaTemplateTest {
    private static final List<Turn> TALK =
            List.of(Turn.system("S"), Turn.user("U1"), Turn.assistant("A1"), Turn.user("U2"));

    private static String render(String template, List<Turn> turns) {
        return OllamaTemplate.parse(template).render(turns, () -> LocalDate.of(2026, 2, 3));
    }

    /** In a template with Messages, on TALK. */
    private static String rendered(String template) {
        return render("{{ if .Messages }}{{ end }}" + template, TALK);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " => ",
            quoteCharacter = '~',
            textBlock =
                    """
                    {{ len .Messages }} => 4
                    {{ (index .Messages 1).Content }} => U1
                    {{ range .Messages }}{{ .Role }}:{{ .Content }};{{ end }} => system:S;user:U1;assistant:A1;user:U2;
                    {{ range $i, $m := .Messages }}{{ $i }}{{ $m.Role }}{{ $.System }}{{ end }} => 0systemS1userS2assistantS3userS
                    {{ range $i, $_ := .Messages }}{{ if eq (len (slice $.Messages $i)) 1 }}last {{ .Content }}{{ end }}{{ end }} => last U2
                    {{ range $i, $_ := .Messages }}{{- $last := eq (len (slice $.Messages $i)) 1 }}{{ if and (ne .Role "assistant") $last }}!{{ end }}{{ end }} => !
                    {{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }} => 2
                    {{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }} => 21
                    {{ $x := 0 }}{{ range .Messages }}{{ if eq .Role "user" }}{{ $x = .Content }}{{ end }}{{ end }}{{ $x }} => U2
                    {{ if eq .System "S" "T" }}a{{ else if .Tools }}b{{ else }}c{{ end }} => a
                    {{ if ne .System "S" }}a{{ else if .Tools }}b{{ else }}c{{ end }} => c
                    {{ with .System }}[{{ . }}]{{ end }}{{ with .Tools }}x{{ else }}y{{ end }}{{ with .Tools }}x{{ else with .System }}{{ . }}{{ end }} => [S]yS
                    {{ and 1 0 }}{{ and 1 2 }}{{ or 0 "x" }}{{ or 0 "" }}{{ not 1 }}{{ not "" }} => 02xfalsetrue
                    {{ or .System (index .Messages 99) }} => S
                    {{ lt 1 2 }}{{ le 2 2 }}{{ gt 1 2 }}{{ ge 2 2 }}{{ lt "a" "b" }} => truetruefalsetruetrue
                    {{ "a" | printf "%s-%s" "b" }}{{ printf "%d%%" 5 }}{{ print "a" 1 2 "b" }}{{ print 1 2 }} => b-a5%a1 2b1 2
                    {{ len "ığ" }}{{ slice "abc" 1 }}{{ slice "abc" 1 2 }}{{ index "abc" 1 }} => 4bcb98
                    {{ json .System }}{{ json .Tools }}{{ "<İ&\\"" | json }} => "S"null"\\u003cİ\\u0026\\""
                    {{ currentDate }} {{ yesterdayDate }} => 2026-02-03 2026-02-02
                    {{ "a\\tb\\u0130" }}{{ `raw\\n` }}{{ 'x' }} => a	bİraw\\n120
                    {{/* comment */}}a{{- /* c */ -}} b => ab
                    a {{- " b " -}} c => a b c
                    {{ range .Messages }}{{ if eq .Role "assistant" }}{{ break }}{{ end }}{{ if eq .Role "system" }}{{ continue }}{{ end }}{{ .Content }}{{ end }} => U1
                    {{ define "T" }}<{{ . }}{{ $ }}>{{ end }}{{ template "T" .System }}{{ block "B" .System }}({{ . }}){{ end }} => <SS>(S)
                    {{ range 3 }}{{ . }}{{ end }}{{ range .Tools }}x{{ else }}none{{ end }} => 012none
                    {{ .Missing }}{{ if .Missing }}x{{ end }} => <no value>
                    {{ .Think }}{{ .IsThinkSet }}{{ true }}{{ -3 }}{{ 0x10 }}{{ 1.5 }} => falsefalsetrue-3161.5
                    {{ (index .Messages 0).Content | len }}{{ (len .Messages) | eq 4 }} => 1true
                    """)
    void executesGosTemplates(String template, String expected) {
        assertThat(rendered(template)).isEqualTo(expected);
    }

    @Test
    void trimsOnlyWhereTheMarkerStandsBesideASpace() {
        assertThat(rendered("a \n\t{{- 1 }} \n b {{ 2 -}} \r\n c")).isEqualTo("a1 \n b 2c");
        assertThat(rendered("a {{-3}} b")).isEqualTo("a -3 b");
        assertThat(rendered(" {{- if true -}} x {{- end -}} ")).isEqualTo("x");
    }

    @Test
    void joinsNeighboursOfOneRole() {
        String template = "{{ .System }}|{{ range .Messages }}{{ .Role }}={{ .Content }};{{ end }}";
        assertThat(
                        render(
                                template,
                                List.of(
                                        Turn.system("a"),
                                        Turn.system("b"),
                                        Turn.user("c"),
                                        Turn.user("d"),
                                        Turn.system("e"))))
                .isEqualTo("a\n\nb\n\ne|system=a\n\nb;user=c\n\nd;system=e;");
    }

    @Test
    void executesATemplateWithoutMessagesOnceForEachPair() {
        String template = "{{ if .System }}<{{ .System }}>{{ end }}[{{ .Prompt }}]{{ .Response }};";
        assertThat(render(template, TALK)).isEqualTo("<S>[U1]A1;[U2]");
        assertThat(render(template, TALK.subList(0, 3))).isEqualTo("<S>[U1]A1");
        assertThat(
                        render(
                                template,
                                List.of(
                                        Turn.user("u"),
                                        Turn.assistant("a"),
                                        Turn.system("S"),
                                        Turn.user("v"))))
                .isEqualTo("[u]a;<S>[v]");
        assertThat(render(template, List.of(Turn.assistant("a"), Turn.user("u"))))
                .isEqualTo("[]a;[u]");
    }

    @Test
    void addsAResponseToATemplateWithout() {
        assertThat(render("{{ .Prompt }}\n", TALK)).isEqualTo("U1\nA1U2\n");
    }

    @Test
    void cutsWhatFollowsTheResponse() {
        String template =
                "{{ if .Prompt }}U:{{ .Prompt }}\n{{ end }}A:{{ if .Response }}!{{ end }}{{ .Response }}<end>{{ if .System }}x{{ end }}";
        assertThat(render(template, TALK)).isEqualTo("U:U1\nA:!A1<end>xU:U2\nA:");
        assertThatThrownBy(
                        () -> render("{{ if .Prompt }}{{ .Response }}{{ else }}x{{ end }}", TALK))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("else");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ if }}x{{ end }}",
                "{{ if .System }}",
                "{{ end }}",
                "{{ else }}",
                "{{ .System",
                "{{ nosuch .System }}",
                "{{ $x }}",
                "{{ $x = 1 }}",
                "{{ range .Messages }}{{ $y := 1 }}{{ end }}{{ $y }}",
                "{{ (.System }}",
                "{{ .System) }}",
                "{{ \"a }}",
                "{{ break }}",
                "{{ json 1e999 }}",
                "{{ template x }}",
                "{{ template \"x\" }}",
                "{{ 1 2 }}",
                "{{ .System ! }}",
                "{{/* x }}",
                "{{ define \"a\" }}",
                "{{ | .System }}",
                "{{ }}",
            })
    void refusesWhatGoRefuses(String template) {
        assertThatThrownBy(() -> rendered("a\n" + template))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("template, line 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ (index .Messages 0).Nothing }}",
                "{{ index .Messages 9 }}",
                "{{ eq 1 \"a\" }}",
                "{{ .System.X }}",
                "{{ len 1 }}",
                "{{ not }}",
                "{{ slice .System 9 }}",
                "{{ template \"missing\" . }}",
                "{{ range .System }}{{ end }}",
                "{{ .Missing.Other }}",
            })
    void failsWhereGoFails(String template) {
        assertThatThrownBy(() -> rendered("a\n" + template))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("line 2");
    }

    @Test
    void endsWhatQuotesItselfAgainAndAgain() {
        assertThatThrownBy(
                        () ->
                                rendered(
                                        "{{ define \"T\" }}{{ template \"T\" json . }}{{ end }}{{ template \"T\" . }}"))
                .isInstanceOf(UnsafeException.class)
                .hasMessageContaining("5,000,000 characters");
    }

    @Test
    void endsWhatWouldNotEnd() {
        assertThatThrownBy(
                        () ->
                                rendered(
                                        "{{ define \"T\" }}{{ template \"T\" . }}{{ end }}{{ template \"T\" . }}"))
                .isInstanceOf(UnsafeException.class);
        String blocks =
                "{{ if true }}".repeat(90) + "{{ template \"T\" . }}" + "{{ end }}".repeat(90);
        assertThatThrownBy(
                        () ->
                                rendered(
                                        "{{ define \"T\" }}"
                                                + blocks
                                                + "{{ end }}{{ template \"T\" . }}"))
                .isInstanceOf(UnsafeException.class);
        assertThatThrownBy(() -> rendered("{{ range 1000000000000 }}x{{ end }}"))
                .isInstanceOf(UnsafeException.class);
    }
}
