package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.testing.Originals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whole files of {@code tk convert} against convert_hf_to_gguf's: the example, and a model in the
 * shape of Llama 3.1 with its real vocabulary and chat template.
 */
@Tag("interop")
class ConvertInteropTest {
    private static final String MAKE =
            """
            import sys, torch
            from transformers import LlamaConfig, LlamaForCausalLM
            torch.manual_seed(1)
            LlamaForCausalLM(LlamaConfig(
                vocab_size=128256, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=131072,
                bos_token_id=128000, eos_token_id=[128001, 128008, 128009], tie_word_embeddings=True,
                rope_parameters=dict(
                    rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0,
                    high_freq_factor=4.0, original_max_position_embeddings=8192),
            )).to(torch.bfloat16).save_pretrained(sys.argv[1])
            """;

    @TempDir static Path folder;

    @BeforeAll
    static void makeModels() {
        Originals.converter();
        Path hf = folder.resolve("turkish-mini");
        assertThat(tk("convert", EXAMPLE.resolve("turkish_llm_mini.pt"), hf).exit()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"f32", "f16", "bf16", "q8_0"})
    void theExampleIsTheSame(String type) throws IOException, InterruptedException {
        compare(folder.resolve("turkish-mini"), type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"f16", "bf16", "q8_0"})
    void llama31IsTheSame(String type) throws IOException, InterruptedException {
        Path tokenizer = Originals.llama31Tokenizer();
        Path model = folder.resolve("Llama-3.1-Tiny-Instruct");
        if (!Files.exists(model)) {
            Path script = Files.writeString(folder.resolve("make.py"), MAKE);
            Originals.run(Originals.python(), script, model);
            for (String file : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
                Files.copy(tokenizer.resolve(file), model.resolve(file));
            }
        }
        compare(model, type);
    }

    private static void compare(Path model, String type) throws IOException, InterruptedException {
        Path original = folder.resolve(model.getFileName() + "-original-" + type + ".gguf");
        Path own = folder.resolve(model.getFileName() + "-" + type + ".gguf");
        Originals.run(Originals.converter(), model, "--outfile", original, "--outtype", type);
        var run = tk("convert", "--dtype", type, model, own);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(Files.mismatch(own, original)).isEqualTo(-1);
    }
}
