package tk.modelfile.check;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.modelfile.PromptTemplate;
import tk.modelfile.check.ModelfileCheck.Finding;
import tk.modelfile.check.ModelfileCheck.Severity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ModelfileCheckTest {
    @TempDir Path folder;

    private ModelfileCheck check(String text) {
        try {
            return ModelfileCheck.of(Files.writeString(folder.resolve("Modelfile"), text));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void has(ModelfileCheck check, int line, Severity severity, String part) {
        assertThat(check.findings())
                .anySatisfy(
                        (Finding f) -> {
                            assertThat(f.line()).isEqualTo(line);
                            assertThat(f.severity()).isEqualTo(severity);
                            assertThat(f.message()).contains(part);
                        });
    }

    @Test
    void explainsEachInstructionWithItsLine() {
        ModelfileCheck check =
                check(
                        "# ours\nFROM tr\n\nSYSTEM Türkçe yardımcı\nPARAMETER num_ctx 4096\nPARAMETER stop </s>\nTEMPLATE {{ .System }} {{ .Prompt }}\n");
        assertThat(check.accepted()).isTrue();
        has(check, 2, Severity.MEANING, "tr:latest");
        has(check, 4, Severity.MEANING, "Türkçe yardımcı");
        has(check, 5, Severity.MEANING, "num_ctx = 4096");
        has(check, 6, Severity.MEANING, "`</s>`");
        has(check, 7, Severity.MEANING, "once a turn");
        assertThat(check.findings()).noneMatch(f -> f.severity() != Severity.MEANING);
    }

    @Test
    void refusesWhatOllamaRefuses() {
        has(check("FROM m\nPARAMETER num_ctx 4k\n"), 2, Severity.ERROR, "4k");
        has(check("FROM m\nPARAMETER tfs_z 1\n"), 2, Severity.ERROR, "unknown");
        has(check("FROM m\nPARAMETER  seed 1\n"), 2, Severity.ERROR, "two spaces");
        has(check("FROM m\nFORM x\n"), 2, Severity.ERROR, "FORM");
        has(check("FROM m\nMESSAGE tool x\n"), 2, Severity.ERROR, "tool");
        has(check("FROM m\nREQUIRES new\n"), 2, Severity.ERROR, "version");
        has(check("FROM m\nADAPTER ./nowhere\n"), 2, Severity.ERROR, "no such file");
        has(check("FROM m\nSYSTEM \"\"\"x\n"), 2, Severity.ERROR, "quotation");
        has(check("SYSTEM x\n"), 0, Severity.ERROR, "no FROM");
        has(check("FROM ./model.gguf\n"), 1, Severity.ERROR, "no such file");
        assertThat(check("FROM m\nFORM x\n").accepted()).isFalse();
    }

    @Test
    void warnsOfWhatSurprises() {
        has(
                check("FROM m\nSYSTEM a\u200db\u200d\u00a0\n"),
                2,
                Severity.WARNING,
                "U+00A0, U+200D (2 times)");
        has(
                check("FROM m\nSYSTEM \"hi\" he said\nPARAMETER seed 1\n\nSYSTEM \"x\"\n"),
                2,
                Severity.WARNING,
                "line 5, the first that ends with a quotation mark; it swallows instructions");
        has(check("FROM m # base\n"), 1, Severity.ERROR, "no name");
        has(check("FROM m\nSYSTEM x # y\n"), 2, Severity.WARNING, "not a comment");
        has(check("FROM m\nSYSTEM 'x'\n"), 2, Severity.WARNING, "single quotation");
        has(check("FROM m\nPARAMETER stop a\\nb\n"), 2, Severity.WARNING, "no escapes");
        has(
                check("FROM m\nSYSTEM a\nSYSTEM b\n"),
                3,
                Severity.WARNING,
                "replaces the one of line 2");
        has(check("FROM m\nPARAMETER seed 1\nPARAMETER seed 2\n"), 3, Severity.WARNING, "line 2");
        has(check("FROM m\nPARAMETER mirostat 1\n"), 2, Severity.WARNING, "deprecated");
        has(check("FROM m\nTEMPLATE <s>{{ .Prompt }}\n"), 2, Severity.WARNING, "twice");
        has(check("FROM m\nTEMPLATE hello\n"), 2, Severity.WARNING, "loses");
        has(check("FROM m\nSYSTEM \"a\r\nb\"\r\n"), 2, Severity.WARNING, "carriage returns");
        has(check("FROM model.gguf\n"), 1, Severity.WARNING, "looks like a file");
        has(check("FROM m\nREQUIRES 0.14.0\n"), 2, Severity.WARNING, "0.14.0");
        has(check("FROM m\n"), 0, Severity.WARNING, "no TEMPLATE");
        has(check("FROM m\n"), 0, Severity.WARNING, "no num_ctx");
        assertThat(check("FROM m\nPARAMETER mirostat 1\n").accepted()).isTrue();
    }

    private void hasTemplate(String template, int line, Severity severity, String part) {
        has(check("FROM m\nTEMPLATE \"\"\"" + template + "\"\"\"\n"), line, severity, part);
    }

    @Test
    void parsesTheTemplateAsOllamaDoes() {
        hasTemplate("a\n{{ if .System }}\nb", 4, Severity.ERROR, "end");
        hasTemplate("\n\n{{ .Prompt | upper }}", 4, Severity.ERROR, "\"upper\" not defined");
        hasTemplate("{{ .Prompt }", 2, Severity.ERROR, "unexpected");
        hasTemplate("{{ template \"x\" }}{{ .Prompt }}", 2, Severity.ERROR, "without a value");
        assertThat(check("FROM m\nTEMPLATE {{ .Prompt\n").accepted()).isFalse();
    }

    @Test
    void runsTheTemplateOnConversations() {
        hasTemplate("{{ .Sytem }}\n{{ .Prompt }}", 2, Severity.WARNING, "no .Sytem");
        hasTemplate("{{ range .Messages }}\n{{ .Text }}{{ end }}", 3, Severity.WARNING, "no .Text");
        hasTemplate(
                "{{ range .Messages }}\n{{ .Content.Text }}{{ end }}",
                3,
                Severity.WARNING,
                "fails where a prompt is made (one turn)");
        hasTemplate(
                "{{ range .Messages }}{{ if .ToolCalls }}\n\n{{ .ToolCalls.Name }}{{ end }}{{ .Content }}{{ end }}{{ if .Tools }}{{ end }}",
                4,
                Severity.WARNING,
                "a tool's result");
        hasTemplate(
                "{{ if .Prompt }}{{ .Response }}{{ else }}x{{ end }}", 2, Severity.WARNING, "else");
        hasTemplate("{{ range .Messages }}{{ .Role }}{{ end }}", 2, Severity.WARNING, "loses");
        hasTemplate(
                "{{ range .Messages }}{{ if eq .Role \"user\" }}{{ .Content }}{{ end }}{{ end }}",
                2,
                Severity.WARNING,
                "earlier answers");
        hasTemplate(
                "{{ range .Messages }}{{ .Content }}{{ end }}{{ .Prompt }}",
                2,
                Severity.WARNING,
                "<no value>");
        hasTemplate("{{ .Prompt }}{{ .Tools }}", 2, Severity.WARNING, "without .Messages");
        for (PromptTemplate template : PromptTemplate.all()) {
            assertThat(check("FROM m\nTEMPLATE \"\"\"" + template.text() + "\"\"\"\n").findings())
                    .as(template.name())
                    .noneMatch(f -> f.line() > 0 && f.severity() != Severity.MEANING);
        }
    }

    @Test
    void tellsWhatDoesNotGoWithTheTemplate() {
        has(
                check("FROM m\nSYSTEM x\nTEMPLATE {{ .Prompt }}\n"),
                2,
                Severity.WARNING,
                "never shows a system message");
        has(
                check("FROM m\nTEMPLATE <|im_start|>{{ .Prompt }}\nPARAMETER stop [INST]\n"),
                3,
                Severity.WARNING,
                "never writes `[INST]`");
        assertThat(
                        check(
                                        "FROM m\nTEMPLATE [INST] {{ .Prompt }}\nPARAMETER stop [INST]\nPARAMETER stop </s>\n")
                                .findings())
                .noneMatch(f -> f.message().contains("never writes"));
    }

    @Test
    void tellsWhereOllamaPrefersTheModelsOwnChatTemplate() {
        Path gguf = folder.resolve("m.gguf");
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.architecture", new GgufValue.Text("llama"))
                        .put("tokenizer.chat_template", new GgufValue.Text("{{ tools }}"))
                        .build();
        new PlanWriter(1, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                metadata, new TensorMap(List.of(), Map.of(), List.of()), gguf),
                        true);
        has(check("FROM ./m.gguf\nTEMPLATE {{ .Prompt }}\n"), 2, Severity.WARNING, "knows tools");
        assertThat(
                        check(
                                        "FROM ./m.gguf\nTEMPLATE {{ .Tools }}{{ range .Messages }}{{ .Content }}{{ end }}\n")
                                .findings())
                .noneMatch(f -> f.message().contains("OLLAMA_GO_TEMPLATE"));
    }

    @Test
    void refusesFilesAndFoldersThatHoldNoModel() throws IOException {
        Files.writeString(folder.resolve("a.gguf"), "no model");
        has(check("FROM ./a.gguf\n"), 1, Severity.ERROR, "no GGUF");
        Files.delete(folder.resolve("a.gguf"));
        has(check("FROM .\n"), 1, Severity.ERROR, "no model*.safetensors");
        Files.writeString(folder.resolve("pytorch_model.bin"), "PK");
        has(check("FROM .\n"), 1, Severity.ERROR, "writes nothing");
    }
}
