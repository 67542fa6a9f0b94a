package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.model.ModelSource;
import tk.modelfile.ChatTemplateCheck;
import tk.modelfile.Modelfile.Template;
import tk.modelfile.TemplateChoice;
import tk.modelfile.VerifiedModelfile;
import tk.modelfile.VerifiedModelfile.Losses;
import tk.verify.VerifiedArtifact;
import tk.verify.Verifier;
import tk.verify.VerifyOptions;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A Modelfile prompts a model by the template that was judged with it, and by no other. */
class VerifiedTemplateTest {
    @TempDir Path folder;

    @Test
    void aModelfileWithAnotherTemplateThanTheVerifiedOneIsNotWritten() {
        Path gguf = folder.resolve("model.gguf");
        Path pt = EXAMPLE.resolve("turkish_llm_mini.pt");
        assertThat(tk("convert", pt, gguf).exit()).isZero();
        TemplateChoice plain = TemplateChoice.plain();
        VerifiedArtifact verified;
        try (ModelSource source = ModelSource.open(pt, ModelSource.Options.NONE)) {
            verified =
                    VerifiedArtifact.of(
                            Verifier.verify(
                                    source,
                                    gguf,
                                    VerifyOptions.DEFAULT.withTemplates(
                                            new ChatTemplateCheck(Optional.of(plain)))));
        }
        for (List<Template> templates :
                List.of(
                        List.<Template>of(),
                        List.of(new Template("<s>{{ .Prompt }}")),
                        List.of(new Template(plain.template().text()), new Template("")))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () ->
                                    VerifiedModelfile.write(
                                            verified, List.copyOf(templates), Losses.REFUSED));
        }
        assertThat(folder.resolve("Modelfile")).doesNotExist();
        VerifiedModelfile.write(
                verified, List.of(new Template(plain.template().text())), Losses.REFUSED);
        assertThat(folder.resolve("Modelfile")).exists();
    }
}
