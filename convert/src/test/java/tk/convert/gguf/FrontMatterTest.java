package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.json.JsonText;

class FrontMatterTest {
    private static String read(String yaml) throws FrontMatter.Unreadable {
        return JsonText.COMPACT.write(FrontMatter.of("---\n" + yaml + "---\ntext\n").orElseThrow());
    }

    @Test
    void readsAModelCard() throws FrontMatter.Unreadable {
        assertThat(
                        read(
                                """
                                # a comment
                                language:
                                - tr
                                - no
                                license: apache-2.0   # said twice
                                tags: [text-generation, "a, b", 'it''s']
                                base_model:
                                  - meta-llama/Llama-2-7b-hf
                                  - https://huggingface.co/org/Name-7B

                                datasets: cc100
                                pipeline_tag: text-generation
                                model-index:
                                - name: tr
                                  results:
                                    - task:
                                        type: text-generation
                                      metrics:
                                        - {type: ppl, value: 283.1, verified: false}
                                        - type: bits
                                          value: 1.70
                                widget:
                                  - text: "Türkiye'nin \\u00e7ok: \\"güzel\\""
                                    example_title: İlk
                                extra: >-
                                  folded
                                  text

                                  second
                                kept: |
                                  line: one
                                    two
                                empty:
                                """))
                .isEqualTo(
                        "{\"language\":[\"tr\",\"no\"],\"license\":\"apache-2.0\","
                                + "\"tags\":[\"text-generation\",\"a, b\",\"it's\"],"
                                + "\"base_model\":[\"meta-llama/Llama-2-7b-hf\",\"https://huggingface.co/org/Name-7B\"],"
                                + "\"datasets\":\"cc100\",\"pipeline_tag\":\"text-generation\","
                                + "\"model-index\":[{\"name\":\"tr\",\"results\":[{\"task\":{\"type\":\"text-generation\"},"
                                + "\"metrics\":[{\"type\":\"ppl\",\"value\":\"283.1\",\"verified\":false},"
                                + "{\"type\":\"bits\",\"value\":\"1.70\"}]}]}],"
                                + "\"widget\":[{\"text\":\"Türkiye'nin çok: \\\"güzel\\\"\",\"example_title\":\"İlk\"}],"
                                + "\"extra\":\"folded text\\nsecond\",\"kept\":\"line: one\\n  two\\n\",\"empty\":null}");
    }

    @Test
    void listsMayStandAtTheKeysOwnIndentationOrDeeperAndOverSeveralLines()
            throws FrontMatter.Unreadable {
        assertThat(
                        read(
                                """
                                a:
                                - x
                                - y
                                b:
                                    - z
                                    -
                                      k: v
                                c: [1,
                                  2, # two
                                  3]
                                d: one
                                  two
                                """))
                .isEqualTo(
                        "{\"a\":[\"x\",\"y\"],\"b\":[\"z\",{\"k\":\"v\"}],\"c\":[\"1\",\"2\",\"3\"],\"d\":\"one two\"}");
    }

    @Test
    void colonsWithinWordsBelongToThem() throws FrontMatter.Unreadable {
        assertThat(read("url: https://example.org/a:b#c\n\"quoted: key\": x\n"))
                .isEqualTo("{\"url\":\"https://example.org/a:b#c\",\"quoted: key\":\"x\"}");
    }

    @Test
    void aCardWithoutItHasNone() throws FrontMatter.Unreadable {
        assertThat(FrontMatter.of("# Title\n---\na: b\n---\n")).isEmpty();
        assertThat(FrontMatter.of("")).isEmpty();
        assertThat(FrontMatter.of("---\n---\n")).isEmpty();
        assertThat(FrontMatter.of("---\njust words\n---\n")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a: [b, c\n",
                "a: \"b\n",
                "a: b\n   c: d\n",
                "a: &x b\n",
                "a: {b: [}\n",
                "a: b\n}\n"
            })
    void whatItCannotUnderstandItSays(String yaml) {
        assertThatThrownBy(() -> read(yaml)).isInstanceOf(FrontMatter.Unreadable.class);
    }

    @Test
    void deepNestingEndsSoon() {
        assertThatThrownBy(() -> read("a: " + "[".repeat(10_000) + "]".repeat(10_000) + "\n"))
                .isInstanceOf(FrontMatter.Unreadable.class);
        assertThatThrownBy(() -> read("- ".repeat(10_000) + "a\n"))
                .isInstanceOf(FrontMatter.Unreadable.class);
    }
}
