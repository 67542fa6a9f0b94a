package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.modelfile.ModelfileParserTest.parse;

import org.junit.jupiter.api.Test;

import tk.error.UsageException;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Other;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Requires;
import tk.modelfile.Modelfile.SystemMessage;

import java.text.Normalizer;
import java.util.List;

class ModelfileWriterTest {
    @Test
    void keepsTurkishTextInBothNormalForms() {
        String nfc = "İIıi ğĞ şŞ çÇ öÖ üÜ â";
        String nfd = Normalizer.normalize(nfc, Normalizer.Form.NFD);
        for (String text : List.of(nfc, nfd)) {
            String written = write(new SystemMessage(text));
            assertThat(parse(written)).contains(new SystemMessage(text));
        }
        assertThat(nfd).isNotEqualTo(nfc);
    }

    @Test
    void refusesWhatTheGrammarCannotExpress() {
        assertThatThrownBy(() -> write(new SystemMessage("aile: \ud83d\udc68\u200d\ud83d\udc69")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("U+200D");
        assertThatThrownBy(() -> write(new SystemMessage("a \"\"\"\nb")))
                .hasMessageContaining("three quotation marks");
        assertThatThrownBy(() -> write(new SystemMessage("a\r\nb"))).hasMessageContaining("U+000D");
        for (String text : List.of("\u00a0", "\u200b", "\u00ad", "\ufeff", "\u0007", "\u3000")) {
            assertThatThrownBy(() -> write(new SystemMessage("a" + text + "b")))
                    .as("U+%04X", (int) text.charAt(0))
                    .isInstanceOf(UsageException.class);
        }
        for (Instruction instruction :
                List.of(
                        new Parameter("bad name", "1"),
                        new Parameter("", "1"),
                        new Parameter("num_ctx", "\"1\""),
                        new Message("tool", "x"),
                        new From(""),
                        new From(" x"),
                        new From("\"x"),
                        new From("a\nb"),
                        new Requires("new"),
                        new Requires("0.14.0.1"),
                        new Other("SHELL", "x"))) {
            assertThatThrownBy(() -> write(instruction))
                    .as(instruction.toString())
                    .isInstanceOf(UsageException.class);
        }
    }

    /** As licences come: lines of Windows', a page break, spaces that do not break. */
    @Test
    void writesTheTextOfAnyLicence() {
        License licence = ModelfileWriter.licence("MIT\r\n\fMadde\u00a01:\u200b ığüş\r\n");
        assertThat(licence).isEqualTo(new License("MIT\nMadde 1: ığüş\n"));
        assertThat(parse(write(licence))).contains(licence);
    }

    @Test
    void keepsWhatCanBeExpressedAndSaysWhatCannot() {
        ModelfileWriter.Lossy lossy =
                ModelfileWriter.writeWhatCanBe(
                        new Modelfile(
                                List.of(
                                        new From("."),
                                        new SystemMessage("aile \ud83d\udc68\u200d\ud83d\udc69"),
                                        new License("a \"\"\"\nb"))));
        assertThat(lossy.losses()).hasSize(2);
        assertThat(parse(lossy.text()))
                .containsExactly(new From("."), new SystemMessage("aile \ud83d\udc68\ud83d\udc69"));
        assertThat(lossy.text()).contains("# SYSTEM").contains("# LICENSE");
    }

    private static String write(Instruction instruction) {
        return ModelfileWriter.write(new Modelfile(List.of(new From("."), instruction)));
    }
}
