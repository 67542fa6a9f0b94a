package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.modelfile.Modelfile.Adapter;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class ModelfileTest {
    private static List<Instruction> parse(String text) {
        return ModelfileParser.parse(text, "Modelfile").instructions();
    }

    @Test
    void readsTheModelCardsFile() {
        assertThat(parse("FROM .\nPARAMETER num_ctx 4096\nSYSTEM \"Türkçe yardımcı asistan.\"\n"))
                .containsExactly(
                        new From("."),
                        new Parameter("num_ctx", "4096"),
                        new SystemMessage("Türkçe yardımcı asistan."));
    }

    @Test
    void takesKeywordsInAnyCaseAndCommentsOnlyBetweenInstructions() {
        assertThat(parse("# first\nfrom ./a b.gguf # not a comment\nSystem x"))
                .containsExactly(new From("./a b.gguf # not a comment"), new SystemMessage("x"));
    }

    @Test
    void keepsQuotationMarksInsideAValueAndSwallowsLinesUntilOneCloses() {
        assertThat(parse("FROM m\nSYSTEM He said \"hi\"\n"))
                .contains(new SystemMessage("He said \"hi\""));
        assertThat(parse("FROM m\nSYSTEM \"hi\" he said\nPARAMETER seed 1\"\n"))
                .containsExactly(
                        new From("m"), new SystemMessage("hi\" he said\nPARAMETER seed 1"));
    }

    @Test
    void keepsTripleQuotedTextVerbatim() {
        assertThat(parse("FROM m\nTEMPLATE \"\"\"\n{{ .Prompt }}\n\"\"\"\n"))
                .contains(new Template("\n{{ .Prompt }}\n"));
        assertThat(parse("FROM m\nSYSTEM \"\"\"ends with \"quote\"\"\"\"\n"))
                .contains(new SystemMessage("ends with \"quote\""));
    }

    @Test
    void dropsCharactersThatDoNotPrint() {
        assertThat(parse("FROM m\nSYSTEM a\u200bb\u00a0c\u200dd\n"))
                .contains(new SystemMessage("abcd"));
    }

    @Test
    void namesTheLineOfAnError() {
        assertThatThrownBy(() -> parse("FROM m\n\nFORM x\n"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("line 3")
                .hasMessageContaining("FORM");
        assertThatThrownBy(() -> parse("FROM m\nMESSAGE tool x\n")).hasMessageContaining("tool");
        assertThatThrownBy(() -> parse("SYSTEM x\n")).hasMessageContaining("no FROM");
        assertThatThrownBy(() -> parse("FROM m\nSYSTEM \"\"\"open\n"))
                .hasMessageContaining("quotation");
        assertThatThrownBy(() -> parse("FROM m\nSYSTEM")).hasMessageContaining("ends within");
    }

    @Test
    void refusesWhatTheGrammarCannotExpress() {
        assertThatThrownBy(() -> write(new SystemMessage("aile: \ud83d\udc68\u200d\ud83d\udc69")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("U+200D");
        assertThatThrownBy(() -> write(new SystemMessage("a \"\"\"\nb")))
                .hasMessageContaining("three quotation marks");
        assertThatThrownBy(() -> write(new SystemMessage("a\r\nb"))).hasMessageContaining("U+000D");
        assertThatThrownBy(() -> write(new Parameter("bad name", "1")))
                .isInstanceOf(UsageException.class);
    }

    private static String write(Instruction instruction) {
        return ModelfileWriter.write(new Modelfile(List.of(new From("."), instruction)));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void readsBackWhatItWrote(long seed) {
        Random random = new Random(seed);
        int written = 0;
        for (int i = 0; i < 25_000; i++) {
            Modelfile modelfile = random(random);
            String text;
            try {
                text = ModelfileWriter.write(modelfile);
            } catch (UsageException inexpressible) {
                continue;
            }
            written++;
            assertThat(ModelfileParser.parse(text, "seed " + seed)).as(text).isEqualTo(modelfile);
        }
        assertThat(written).isGreaterThan(10_000);
    }

    private static Modelfile random(Random random) {
        List<Instruction> instructions = new ArrayList<>(List.of(new From("./model.gguf")));
        int n = random.nextInt(4);
        for (int i = 0; i < n; i++) {
            String text = text(random);
            instructions.add(
                    switch (random.nextInt(7)) {
                        case 0 -> new SystemMessage(text);
                        case 1 -> new Template(text);
                        case 2 -> new License(text);
                        case 3 ->
                                new Message(
                                        List.of("system", "user", "assistant")
                                                .get(random.nextInt(3)),
                                        text);
                        case 4 -> new Parameter("stop", text);
                        case 5 -> new Adapter("./" + text);
                        default -> new Parameter("num_ctx", Integer.toString(random.nextInt(9999)));
                    });
        }
        return new Modelfile(instructions);
    }

    private static String text(Random random) {
        String[] parts = {
            "\"",
            "\"\"\"",
            "\n",
            " ",
            "\t",
            "#",
            "İı",
            "ğ",
            "{{ .System }}",
            "a",
            "FROM",
            "'",
            "▁",
            "🙂",
            "\\n"
        };
        StringBuilder text = new StringBuilder();
        int n = random.nextInt(8);
        for (int i = 0; i < n; i++) text.append(parts[random.nextInt(parts.length)]);
        return text.toString();
    }

    @Test
    void checksParametersAsOllamaDoes() {
        OllamaParameters.check("num_ctx", "4096");
        OllamaParameters.check("temperature", "0.7");
        OllamaParameters.check("use_mmap", "false");
        assertThatThrownBy(() -> OllamaParameters.check("num_ctx", "4k"))
                .hasMessageContaining("whole number");
        assertThatThrownBy(() -> OllamaParameters.check("tfs_z", "1"))
                .hasMessageContaining("unknown");
    }
}
