package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.json.JsonText;
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
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

    @Test
    void readsBackOneHundredThousandRandomFiles() {
        Random random = new Random(20261122);
        int written = 0;
        while (written < 100_000) {
            Modelfile modelfile = random(random);
            String text;
            try {
                text = ModelfileWriter.write(modelfile);
            } catch (UsageException inexpressible) {
                continue;
            }
            written++;
            if (!ModelfileParser.parse(text, "random").equals(modelfile)) {
                assertThat(ModelfileParser.parse(text, "random")).as(text).isEqualTo(modelfile);
            }
        }
    }

    @Test
    void readsWhateverItIsGivenOrSaysWhyNot() {
        Random random = new Random(7);
        for (int i = 0; i < 50_000; i++) {
            String text = "FROM m\n" + text(random) + text(random) + text(random);
            ModelfileReading reading = ModelfileParser.read(text);
            assertThat(reading.refusal().isPresent() || !reading.instructions().isEmpty()).isTrue();
        }
    }

    private static Modelfile random(Random random) {
        List<Instruction> instructions = new ArrayList<>(List.of(new From("./model.gguf")));
        int n = random.nextInt(4);
        for (int i = 0; i < n; i++) {
            String text = text(random);
            instructions.add(
                    switch (random.nextInt(10)) {
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
                        case 6 -> new Parameter("temperature", text);
                        case 7 -> new From(text);
                        case 8 -> new Requires("0." + random.nextInt(40) + ".0");
                        default -> new Parameter("num_ctx", Integer.toString(random.nextInt(9999)));
                    });
        }
        return new Modelfile(instructions);
    }

    private static final String[] PARTS = {
        "\"",
        "\"\"\"",
        "\n",
        " ",
        "\t",
        "#",
        "İı",
        "ğ",
        "g\u0306",
        "{{ .System }}",
        "a",
        "FROM x",
        "SYSTEM ",
        "PARAMETER seed ",
        "MESSAGE user ",
        "'",
        "▁",
        "🙂",
        "\\n",
        "\r",
        "\u200d",
        "\u00a0"
    };

    /** Mostly of what the grammar cares about, mostly of what prints. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int n = random.nextInt(8);
        for (int i = 0; i < n; i++) {
            int kinds = random.nextInt(20) == 0 ? PARTS.length : PARTS.length - 3;
            if (random.nextInt(30) == 0) text.appendCodePoint(random.nextInt(0x20, 0x2fff));
            else text.append(PARTS[random.nextInt(kinds)]);
        }
        return text.toString();
    }

    @Test
    void checksParametersAsOllamaDoes() {
        for (String name :
                List.of(
                        "num_ctx",
                        "num_batch",
                        "num_gpu",
                        "main_gpu",
                        "num_thread",
                        "num_keep",
                        "seed",
                        "num_predict",
                        "top_k",
                        "repeat_last_n",
                        "draft_num_predict")) {
            for (String good : List.of("0", "-1", "+4096", "9223372036854775807")) {
                assertThat(OllamaParameters.refusal(name, good)).as(name + good).isEmpty();
            }
            for (String bad :
                    List.of("", "4k", "1.0", "1e3", "9223372036854775808", "4_096", "٤")) {
                assertThat(OllamaParameters.refusal(name, bad)).as(name + bad).isPresent();
            }
        }
        for (String name :
                List.of(
                        "temperature",
                        "top_p",
                        "min_p",
                        "typical_p",
                        "repeat_penalty",
                        "presence_penalty",
                        "frequency_penalty")) {
            for (String good : List.of("0", "0.7", ".5", "1.", "-1e-3", "0x1p-2")) {
                assertThat(OllamaParameters.refusal(name, good)).as(name + good).isEmpty();
            }
            for (String bad : List.of("", "0,7", "hot", "NaN", "Inf", "1e39", "0.7f")) {
                assertThat(OllamaParameters.refusal(name, bad)).as(name + bad).isPresent();
            }
        }
        for (String good : List.of("1", "t", "T", "true", "TRUE", "True", "0", "false")) {
            assertThat(OllamaParameters.refusal("use_mmap", good)).isEmpty();
        }
        assertThat(OllamaParameters.refusal("use_mmap", "yes")).isPresent();
        assertThat(OllamaParameters.refusal("stop", "")).isEmpty();
        for (String removed : List.of("tfs_z", "numa", "rope_frequency_base", "num_gqa", "")) {
            assertThat(OllamaParameters.refusal(removed, "1"))
                    .hasValueSatisfying(why -> assertThat(why).contains("unknown"));
        }
        for (String deprecated :
                List.of(
                        "penalize_newline",
                        "low_vram",
                        "f16_kv",
                        "logits_all",
                        "vocab_only",
                        "use_mlock",
                        "mirostat",
                        "mirostat_tau",
                        "mirostat_eta")) {
            assertThat(OllamaParameters.isDeprecated(deprecated)).isTrue();
        }
        assertThatThrownBy(() -> OllamaParameters.check("num_ctx", "4k"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("whole number");
    }

    @Test
    void spellsNumbersAsGoDoes() {
        assertThat(value("temperature", "0.7")).isEqualTo("0.7");
        assertThat(value("temperature", "1.0")).isEqualTo("1");
        assertThat(value("temperature", "0.30000001")).isEqualTo("0.3");
        assertThat(value("temperature", "1e-7")).isEqualTo("1e-7");
        assertThat(value("temperature", "1.25e-9")).isEqualTo("1.25e-9");
        assertThat(value("temperature", "0.000001")).isEqualTo("0.000001");
        assertThat(value("temperature", "0x1p-2")).isEqualTo("0.25");
        assertThat(value("temperature", "-0")).isEqualTo("-0");
        assertThat(value("top_p", "1e21")).isEqualTo("1e+21");
        assertThat(value("num_ctx", "+4096")).isEqualTo("4096");
        assertThat(value("seed", "9007199254740993")).isEqualTo("9007199254740992");
        assertThat(value("seed", "9223372036854775807")).isEqualTo("9223372036854776000");
        assertThat(value("use_mmap", "T")).isEqualTo("true");
        assertThat(value("use_mmap", "0")).isEqualTo("false");
    }

    private static String value(String name, String text) {
        return JsonText.COMPACT.write(OllamaParameters.value(name, text));
    }
}
