package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.TransformersModels.Conversion;
import tk.testing.Originals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Whole files of {@code tk convert} against convert_hf_to_gguf's: the example, a model in the shape
 * of Llama 3.1 with its real vocabulary and chat template, small models of every family and rotary
 * scaling, and tokenizers of every kind.
 */
@Tag("interop")
class ConvertInteropTest {
    private static final List<String> TYPES = List.of("f32", "f16", "bf16", "q8_0");
    private static final String LLAMA_31 =
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
    static void findTheConverter() {
        Originals.converter();
    }

    @TestFactory
    Stream<DynamicTest> theExample() throws IOException, InterruptedException {
        Path hf = folder.resolve("turkish-mini");
        assertThat(tk("convert", EXAMPLE.resolve("turkish_llm_mini.pt"), hf).exit()).isZero();
        return compared(List.of(hf), TYPES);
    }

    @TestFactory
    Stream<DynamicTest> llama31() throws IOException, InterruptedException {
        Path tokenizer = Originals.llama31Tokenizer();
        Path model = folder.resolve("Llama-3.1-Tiny-Instruct");
        Path script = Files.writeString(folder.resolve("make.py"), LLAMA_31);
        Originals.run(Originals.python(), script, model);
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(tokenizer.resolve(file), model.resolve(file));
        }
        return compared(List.of(model), List.of("f16", "bf16", "q8_0"));
    }

    @TestFactory
    Stream<DynamicTest> everyFamilyAndScaling() throws IOException, InterruptedException {
        // One by one the original takes seconds a file: then one type must do.
        List<String> types = Originals.converterScript().isPresent() ? TYPES : List.of("bf16");
        return compared(new TransformersModels(folder).made("make_models.py"), types);
    }

    @TestFactory
    Stream<DynamicTest> everyKindOfTokenizer() throws IOException, InterruptedException {
        return compared(new TransformersModels(folder).made("make_tokenizers.py"), List.of("f16"));
    }

    private static Stream<DynamicTest> compared(List<Path> models, List<String> types)
            throws IOException, InterruptedException {
        Path target = Files.createTempDirectory(folder, "gguf");
        List<Conversion> conversions = new ArrayList<>();
        List<DynamicTest> tests = new ArrayList<>();
        for (Path model : models) {
            for (String type : types) {
                Conversion conversion = Conversion.of(model, type, target);
                CommandLineTest.Run run = conversion.byTk();
                conversions.add(conversion);
                tests.add(
                        dynamicTest(
                                model.getFileName() + " " + type, () -> compare(conversion, run)));
            }
        }
        new TransformersModels(folder).byTheOriginal(conversions);
        return tests.stream();
    }

    private static void compare(Conversion conversion, CommandLineTest.Run run) throws IOException {
        if (conversion.isUnknown()) {
            assertThat(run.exit()).isEqualTo(5);
            assertThat(run.err()).contains("the nearest: ").contains("--pre");
            assertThat(conversion.original()).doesNotExist();
            return;
        }
        assertThat(run.exit()).as(run.err()).isZero();
        Path error =
                conversion
                        .original()
                        .resolveSibling(conversion.original().getFileName() + ".error");
        if (Originals.converterScript().isEmpty() && Files.exists(error)) {
            // Only the script can be told the name of a tokenizer that is in no table.
            assertThat(error).content().contains("BPE pre-tokenizer was not recognized");
            return;
        }
        assertThat(error).doesNotExist();
        assertThat(Files.mismatch(conversion.own(), conversion.original())).isEqualTo(-1);
    }
}
