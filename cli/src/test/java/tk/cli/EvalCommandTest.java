package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Models scored on data at the command line: figures, table, and what is refused. */
class EvalCommandTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");
    private static final String CHAT =
            "{{ bos_token }}{% for m in messages %}Soru: {{ m.content }} Cevap:{% endfor %}";

    @TempDir Path folder;
    private Path data;

    @BeforeEach
    void writeData() throws IOException {
        data =
                Files.writeString(
                        folder.resolve("data.jsonl"),
                        """
                        {"prompt": "Bu", "choices": [" bir", " xq"], "answer": 0}
                        {"prompt": "Bu", "choices": [" bir", " xq"], "answer": " xq"}
                        {"prompt": "Bir", "reference": "bir", "max_tokens": 3}
                        {"text": "Bu bir metin."}
                        """);
    }

    private static double figure(JsonObject model, String name) {
        return model.number(name).orElseThrow().asDouble();
    }

    private static JsonObject model(Run run, int index) {
        assertThat(run.exit()).as(run.err()).isZero();
        return (JsonObject) run.json().array("models").orElseThrow().items().get(index);
    }

    @Test
    void scoresModelsSideBySide() {
        Run run = tk("eval", PT, PT, "--data", data, "--json");
        JsonObject first = model(run, 0);
        assertThat(run.json().number("items").orElseThrow().asLong()).contains(4L);
        assertThat(run.json().bool("chatTemplate")).contains(false);
        // Of two items with the same choices and other answers one is right, whatever the model.
        assertThat(figure(first, "accuracy")).isEqualTo(0.5);
        assertThat(figure(first, "perplexity")).isBetween(2.0, 8000.0);
        assertThat(first.members().keySet()).contains("bleu", "rougeL", "exactMatch", "f1");
        assertThat(model(run, 1)).isEqualTo(first);
        Run text = tk("eval", PT, PT, "--data", data);
        assertThat(text.out())
                .containsPattern("turkish_llm_mini.pt +turkish_llm_mini.pt")
                .containsPattern("accuracy +0\\.5000 +0\\.5000");
    }

    @Test
    void putsPromptsIntoTheModelsChatTemplateOnRequest() throws IOException {
        Path chat = folder.resolve("chat");
        assertThat(tk("convert", PT, chat).exit()).isZero();
        Files.writeString(chat.resolve("chat_template.jinja"), CHAT);
        Path asked =
                Files.writeString(
                        folder.resolve("asked.jsonl"),
                        "{\"prompt\": \"Ankara?\", \"reference\": \"x\", \"max_tokens\": 6}\n");
        Path written =
                Files.writeString(
                        folder.resolve("written.jsonl"),
                        "{\"prompt\": \"Soru: Ankara? Cevap:\", \"reference\": \"x\", \"max_tokens\": 6}\n");
        JsonObject byTemplate =
                model(tk("eval", chat, "--data", asked, "--apply-chat-template", "--json"), 0);
        JsonObject byHand = model(tk("eval", chat, "--data", written, "--json"), 0);
        JsonObject bare = model(tk("eval", chat, "--data", asked, "--json"), 0);
        assertThat(byTemplate.with("path", byHand.members().get("path"))).isEqualTo(byHand);
        assertThat(bare).isNotNull();
        Run without = tk("eval", PT, "--data", asked, "--apply-chat-template");
        assertThat(without.exit()).isEqualTo(2);
        assertThat(without.err()).contains("has no chat template");
    }

    @Test
    void saysWhichLineIsWrong() throws IOException {
        Files.writeString(data, "{\"prompt\": \"a\", \"choices\": [\"b\"], \"answer\": 4}\n");
        Run run = tk("eval", PT, "--data", data, "--json");
        assertThat(run.exit()).isEqualTo(3);
        assertThat(run.json().object("error").flatMap(e -> e.string("message")).orElseThrow())
                .contains("data.jsonl", "1");
        assertThat(tk("eval", PT, "--data", folder.resolve("none")).exit()).isEqualTo(7);
        assertThat(tk("eval", PT).exit()).isEqualTo(2);
        assertThat(tk("eval", PT, "--data", data, "--max-tokens", "0").exit()).isNotZero();
    }
}
