package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.MalformedException;
import tk.modelfile.Modelfile.Adapter;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Other;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Requires;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

class ModelfileParserTest {
    static List<Instruction> parse(String text) {
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
    void readsUtf8AndUtf16ByTheirByteOrderMarks(@TempDir Path folder) throws IOException {
        String text = "FROM .\nSYSTEM İyi günler\n";
        for (var charset :
                List.of(
                        StandardCharsets.UTF_8,
                        StandardCharsets.UTF_16LE,
                        StandardCharsets.UTF_16BE)) {
            Path file = folder.resolve("Modelfile");
            Files.write(file, ("\ufeff" + text).getBytes(charset));
            assertThat(ModelfileParser.read(file).require("m").system()).contains("İyi günler");
        }
        Path plain = Files.writeString(folder.resolve("Modelfile"), text);
        assertThat(ModelfileParser.read(plain).require("m").system()).contains("İyi günler");
    }

    @Test
    void replacesBytesThatAreNoTextAsOllamaDoes(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("Modelfile");
        Files.write(file, "FROM m\nSYSTEM a\u00ffb\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(ModelfileParser.read(file).require("m").system()).contains("a\ufffdb");
    }

    @Test
    void endsValuesAtCarriageReturnsButKeepsThemInsideQuotes() {
        assertThat(parse("FROM m\r\nSYSTEM a\r\n"))
                .containsExactly(new From("m"), new SystemMessage("a"));
        assertThat(parse("FROM m\rSYSTEM a\r"))
                .containsExactly(new From("m"), new SystemMessage("a"));
        assertThat(parse("FROM m\nSYSTEM \"\"\"a\r\nb\"\"\"\r\n"))
                .contains(new SystemMessage("a\r\nb"));
    }

    @Test
    void readsEveryInstructionInAnyOrder() {
        assertThat(
                        parse(
                                """
                                PARAMETER stop "<|im_end|>"
                                parameter stop [INST]
                                MESSAGE user merhaba
                                ADAPTER ./lora
                                REQUIRES 0.14.0
                                RENDERER qwen3
                                PARSER qwen3
                                DRAFT ./draft.gguf
                                LICENSE MIT
                                FROM ./a.gguf
                                FROM ./mmproj.gguf"""))
                .containsExactly(
                        new Parameter("stop", "<|im_end|>"),
                        new Parameter("stop", "[INST]"),
                        new Message("user", "merhaba"),
                        new Adapter("./lora"),
                        new Requires("0.14.0"),
                        new Other("RENDERER", "qwen3"),
                        new Other("PARSER", "qwen3"),
                        new Other("DRAFT", "./draft.gguf"),
                        new License("MIT"),
                        new From("./a.gguf"),
                        new From("./mmproj.gguf"));
    }

    @Test
    void knowsNoEscapesAndNoSingleQuotes() {
        assertThat(parse("FROM m\nPARAMETER stop \"a\\nb\\\"\"\n"))
                .contains(new Parameter("stop", "a\\nb\\\""));
        assertThat(parse("FROM m\nSYSTEM 'x'\n")).contains(new SystemMessage("'x'"));
        assertThat(parse("FROM a\\ b.gguf\n")).containsExactly(new From("a\\ b.gguf"));
    }

    @Test
    void takesTheQuotesOffAValueThatIsAllQuoted() {
        assertThat(parse("FROM \"a b\"\nSYSTEM \"yes\"\n"))
                .containsExactly(new From("a b"), new SystemMessage("yes"));
        assertThat(parse("FROM m\nSYSTEM \"\"\n")).contains(new SystemMessage(""));
        assertThat(parse("FROM m\nSYSTEM \"\"\"\"\"\"\n")).contains(new SystemMessage(""));
    }

    @Test
    void closesAQuotationAtTheFirstLineThatEndsWithOne() {
        assertThat(parse("FROM m\nSYSTEM \"one\ntwo\"\nPARAMETER seed 1\n"))
                .contains(new SystemMessage("one\ntwo"), new Parameter("seed", "1"));
        // Trailing spaces do not count, and what follows is read as instructions.
        assertThatThrownBy(() -> parse("FROM m\nSYSTEM \"\"\"a\"\"\" \nrest\"\"\"\n"))
                .hasMessageContaining("rest");
    }

    @Test
    void ignoresACharacterThatDoesNotPrintBeforeAKeyword() {
        assertThat(parse("\u200bFROM m\n")).containsExactly(new From("m"));
        assertThatThrownBy(() -> parse("FR\u200bOM m\n")).isInstanceOf(MalformedException.class);
    }

    @Test
    void keepsTabsAndTheSpaceOfSentencePieceButNoOtherSpaces() {
        assertThat(parse("FROM m\nSYSTEM a\tb\u2581c\uff5cd\u3000e\u00ade\n"))
                .contains(new SystemMessage("a\tb\u2581c\uff5cdee"));
    }

    @Test
    void takesKeywordsWhateverTheLocaleOfTheMachine() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr-TR"));
            assertThat(parse("FROM m\nLICENSE x\nlicense y\nDRAFT z\n"))
                    .contains(new License("x"), new License("y"), new Other("DRAFT", "z"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void readsAnEmptyNameWhereTwoSpacesPrecedeIt() {
        assertThat(parse("FROM m\nPARAMETER  seed 1\n")).contains(new Parameter("", "seed 1"));
        assertThatThrownBy(() -> parse("FROM m\nMESSAGE  user x\n"))
                .hasMessageContaining("two spaces");
    }

    @Test
    void namesTheLineOfAnError() {
        assertThatThrownBy(() -> parse("FROM m\n\nFORM x\n"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("line 3")
                .hasMessageContaining("FORM");
        assertThatThrownBy(() -> parse("FROM m\r\n\r\nFORM x\r\n")).hasMessageContaining("line 3");
        assertThatThrownBy(() -> parse("FROM m\nMESSAGE tool x\n")).hasMessageContaining("tool");
        assertThatThrownBy(() -> parse("FROM m\nMESSAGE User x\n")).hasMessageContaining("User");
        assertThatThrownBy(() -> parse("SYSTEM x\n")).hasMessageContaining("no FROM");
        assertThatThrownBy(() -> parse("")).hasMessageContaining("no FROM");
        assertThatThrownBy(() -> parse("FROM m\nSYSTEM \"\"\"open\n\n"))
                .hasMessageContaining("line 2")
                .hasMessageContaining("quotation");
        assertThatThrownBy(() -> parse("FROM m\nSYSTEM")).hasMessageContaining("ends within");
        assertThatThrownBy(() -> parse("FROM m\nSYSTEM\n"))
                .hasMessageContaining("line 2")
                .hasMessageContaining("SYSTEM without a value");
        assertThatThrownBy(() -> parse("FROM m\nPARAMETER num-ctx 1\n"))
                .hasMessageContaining("line 2")
                .hasMessageContaining("`-`");
        assertThatThrownBy(() -> parse("FROM m\nPARAMETER num_ctx\n"))
                .hasMessageContaining("end of line");
        assertThatThrownBy(() -> parse("FROM m\n{\"x\": 1}\n")).hasMessageContaining("line 2");
    }

    @Test
    void takesATabForASpaceBetweenWords() {
        assertThat(parse("FROM\tm\nPARAMETER\tseed\t1\nMESSAGE\tuser\thi\n"))
                .containsExactly(
                        new From("m"), new Parameter("seed", "1"), new Message("user", "hi"));
    }

    @Test
    void takesRolesInLowerCaseOnly() {
        for (String role : List.of("User", "tool", "SYSTEM", "assistants", "user2")) {
            assertThatThrownBy(() -> parse("FROM m\nMESSAGE " + role + " x\n"))
                    .as(role)
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("line 2");
        }
    }

    @Test
    void takesAQuotationMarkOrFourForAnOpenQuotation() {
        for (String open : List.of("\"", "\"\"\"", "\"\"\"\"", "\"\"\"\"\"")) {
            assertThat(parse("FROM m\nSYSTEM " + open + "\nx\"\"\"\n").getLast())
                    .isInstanceOf(SystemMessage.class);
            assertThatThrownBy(() -> parse("FROM m\nSYSTEM " + open + "\n"))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("quotation");
        }
    }

    @Test
    void refusesAKeywordAtTheEndOfTheFile() {
        for (String end : List.of("SYSTEM", "PARAMETER seed", "MESSAGE user", "FROM")) {
            assertThatThrownBy(() -> parse("FROM m\n" + end))
                    .as(end)
                    .isInstanceOf(MalformedException.class);
        }
        assertThat(parse("FROM m\nSYSTEM ").getLast()).isEqualTo(new SystemMessage(""));
    }

    @Test
    void refusesAKeywordWithADigitOrAnotherSign() {
        for (String bad : List.of("FROM1 x", "PARAMETER: x", "SYST\u0130M x", "TEMPLATE=x", "-")) {
            assertThatThrownBy(() -> parse("FROM m\n" + bad + "\n"))
                    .as(bad)
                    .isInstanceOf(MalformedException.class);
        }
        assertThatThrownBy(() -> parse("FROM m\nPARAMETER top-k 1\n"))
                .isInstanceOf(MalformedException.class);
    }

    @Test
    void dropsByteOrderMarksAndSoftHyphensWithinTexts() {
        assertThat(parse("FROM m\nSYSTEM a\ufeffb\u00adc\u2003d\u0000e\n").getLast())
                .isEqualTo(new SystemMessage("abcde"));
    }
}
