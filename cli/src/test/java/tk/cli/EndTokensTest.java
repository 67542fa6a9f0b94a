package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.model.ModelSource;
import tk.modelfile.PromptTemplate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class EndTokensTest {
    private static final int END_OF_TEXT = SmallTokenizers.special("<|end_of_text|>");
    private static final int END_OF_TURN = SmallTokenizers.special("<|eot_id|>");

    @TempDir Path folder;
    private Path model;
    private GgufMetadata converted;

    @BeforeEach
    void aConvertedModel() throws IOException {
        model =
                SmallModels.llama3(
                        folder.resolve("model"), PromptTemplate.named("llama3").chatTemplate());
        Path gguf = folder.resolve("model.gguf");
        assertThat(CommandLineTest.tk("convert", model, gguf).exit()).isZero();
        try (GgufFile file = new GgufReader().open(gguf)) {
            converted = file.gguf();
        }
    }

    private EndTokens ends(String generationConfig) throws IOException {
        Files.writeString(model.resolve("generation_config.json"), generationConfig);
        try (ModelSource source = ModelSource.open(model, ModelSource.Options.NONE)) {
            return EndTokens.of(source, converted);
        }
    }

    @Test
    void conversionNamesTheTokenizersEndTokenAlone() {
        assertThat(converted.integer("tokenizer.ggml.eos_token_id")).hasValue(END_OF_TEXT);
        assertThat(converted.integer("tokenizer.ggml.eot_token_id")).isEmpty();
        assertThat(converted.integer("tokenizer.ggml.eom_token_id")).isEmpty();
    }

    @Test
    void takesTheOneEndTokenOfAFineTune() throws IOException {
        EndTokens ends = ends("{\"eos_token_id\": " + END_OF_TURN + "}");
        assertThat(ends.stops()).containsExactly("<|eot_id|>", "<|end_of_text|>");
        GgufMetadata named = ends.named(converted);
        assertThat(named.integer("tokenizer.ggml.eos_token_id")).hasValue(END_OF_TEXT);
        assertThat(named.integer("tokenizer.ggml.eot_token_id")).hasValue(END_OF_TURN);
        assertThat(named.integer("tokenizer.ggml.eom_token_id")).isEmpty();
    }

    @Test
    void addsNothingWhereAllIsSaid() throws IOException {
        for (String same :
                new String[] {
                    "{}",
                    "{\"eos_token_id\": " + END_OF_TEXT + "}",
                    "{\"eos_token_id\": [" + END_OF_TEXT + "]}",
                    "{\"eos_token_id\": [999999, -1, \"x\"]}"
                }) {
            EndTokens ends = ends(same);
            assertThat(ends.stops()).as(same).isEmpty();
            assertThat(ends.named(converted).integer("tokenizer.ggml.eot_token_id")).isEmpty();
        }
    }
}
