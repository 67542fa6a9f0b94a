package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.modelfile.PromptTemplate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class PromptTemplateTest {
    @TempDir Path folder;

    /** The example's tokenizer with a chat template. */
    private Path tokenizer(String chatTemplate) throws IOException {
        Path tokenizer = Files.createDirectories(folder.resolve("tokenizer"));
        Files.copy(
                CommandLineTest.EXAMPLE.resolve("tokenizer.model"),
                tokenizer.resolve("tokenizer.model"));
        Files.writeString(
                tokenizer.resolve("tokenizer_config.json"),
                JsonText.PRETTY.write(JsonValue.of(Map.of("chat_template", chatTemplate))));
        return tokenizer;
    }

    @Test
    void listsAndShowsTheTemplates() {
        Run list = tk("modelfile", "--list");
        assertThat(list.exit()).isZero();
        assertThat(list.out()).contains("llama2-chat", "[INST] <<SYS>>⏎S⏎<</SYS>>⏎⏎U [/INST]");
        Run show = tk("modelfile", "--show", "chatml");
        assertThat(show.out())
                .contains("PARAMETER stop <|im_end|>", "<|im_start|>assistant\nAnkara.<|im_end|>");
        assertThat(tk("modelfile", "--show", "qwen3").out())
                .contains("With tools", "<tool_response>\n{\"temperature\": 31");
        assertThat(tk("modelfile", "--show", "alpaca", "--json").json().string("example"))
                .hasValueSatisfying(text -> assertThat(text).endsWith("### Response:\n"));
        assertThat(tk("modelfile", "--show", "nosuch").exit()).isEqualTo(2);
        assertThat(tk("modelfile", "--list", "--show", "chatml").exit()).isEqualTo(2);
    }

    /** The example with a chat template, packaged. */
    private Run packaged(String chatTemplate, Path target, String... options) throws IOException {
        List<Object> words = new ArrayList<>();
        words.addAll(
                List.of("package", CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt"), target));
        words.addAll(List.of("--tokenizer", tokenizer(chatTemplate)));
        words.addAll(List.of(options));
        return tk(words.toArray());
    }

    @Test
    void packagesAChatModelWithTheTemplateThatMeansItsOwn() throws IOException {
        Path target = folder.resolve("package");
        Run run =
                packaged(PromptTemplate.named("llama2-chat").chatTemplate(), target, "-t", "q8_0");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.err()).contains("prompt template: llama2-chat means");
        assertThat(Files.readString(target.resolve("Modelfile")))
                .contains(PromptTemplate.named("llama2-chat").text())
                .contains("PARAMETER stop \"[INST]\"")
                .doesNotContain("SYSTEM \"");
        assertThat(Files.readString(target.resolve("report.json")))
                .contains("llama2-chat means what the model's chat template does");
    }

    /** Alpaca's headings in Turkish: a format that no template of tk's has. */
    @Test
    void packagesAChatModelWithATemplateDerivedFromItsOwn() throws IOException {
        Path target = folder.resolve("package");
        String turkish =
                PromptTemplate.named("alpaca")
                        .chatTemplate()
                        .replace("### Instruction", "### Soru")
                        .replace("### Response", "### Yanıt");
        Run run = packaged(turkish, target, "--system", "Türkçe yardımcı asistan.", "-t", "q8_0");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.err()).contains("prompt template: derived means");
        Path modelfile = target.resolve("Modelfile");
        assertThat(Files.readString(modelfile))
                .contains("{{ \"\\n\\n### Yanıt:\\n\" }}", "Türkçe yardımcı asistan.")
                .contains("PARAMETER stop \"### Soru:\"");
        assertThat(tk("modelfile", "--check", modelfile).exit()).isZero();
    }

    @Test
    void asksForATemplateWhereNoneMeansTheModelsOwn() throws IOException {
        Path target = folder.resolve("package");
        String numbered =
                PromptTemplate.named("alpaca")
                        .chatTemplate()
                        .replace("'### Response:\\n' + m", "'### Yanıt ' ~ loop.index ~ m");
        Run run = packaged(numbered, target, "--dry-run");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err())
                .contains("closest is alpaca", "### Yanıt 2", "--template FILE", "several turns");
        assertThat(target).doesNotExist();
    }
}
