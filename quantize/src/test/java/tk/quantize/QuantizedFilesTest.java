package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tk.error.UnsupportedException;
import tk.gguf.GgufReader;
import tk.tensor.DType;
import tk.testing.Originals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Whole files: the same on any number of threads, and llama-quantize's own with its options. */
class QuantizedFilesTest {
    private static final String ATTENTION_K = "blk.1.attn_k.weight";

    @TempDir Path folder;

    @Test
    void areTheSameOnAnyNumberOfThreads() {
        RandomLlama model = RandomLlama.of(3, 512, 1024, 8, 2, false, DType.BF16);
        Quantization quantization =
                Quantization.of(
                        model.metadata(), model.weights(), QuantizeOptions.of(FileType.Q4_K_M));
        List<Path> files = new ArrayList<>();
        for (int threads : new int[] {1, 2, 7}) {
            Path file = folder.resolve(threads + ".gguf");
            RandomLlama.write(quantization.metadata(), quantization.weights(), file, threads);
            files.add(file);
        }
        for (Path file : files) assertThat(file).hasSameBinaryContentAs(files.getFirst());
    }

    @Test
    void needImportanceForEveryTensorOfTheSmallestMixture() {
        RandomLlama model = RandomLlama.of(3, 256, 512, 8, 2, false, DType.F32);
        Path matrix = ImportanceFiles.gguf(model, ATTENTION_K, folder.resolve("imatrix.gguf"));
        QuantizeOptions options =
                QuantizeOptions.of(FileType.Q2_K_S).with(ImportanceMatrices.read(matrix));
        assertThatThrownBy(() -> Quantization.of(model.metadata(), model.weights(), options))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining(ATTENTION_K);
    }

    private static QuantizeOptions options(
            FileType type, boolean pure, boolean requantize, Optional<ImportanceMatrix> imatrix) {
        return new QuantizeOptions(
                type,
                pure,
                false,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                requantize,
                false,
                imatrix);
    }

    /** Quantizes with both programs and compares the files. */
    private void compare(
            String what, Path input, QuantizeOptions ours, FileType type, List<Object> theirs)
            throws IOException, InterruptedException {
        Path program = Originals.program("llama-quantize");
        Path expected = folder.resolve(what + "-theirs.gguf");
        List<Object> arguments = new ArrayList<>(theirs);
        Collections.addAll(arguments, input, expected, type.name(), "2");
        Originals.run(program, arguments.toArray());
        Path actual = folder.resolve(what + "-ours.gguf");
        try (var in = new GgufReader().open(input)) {
            Quantization quantization = Quantization.of(in.gguf(), in, ours);
            RandomLlama.write(quantization.metadata(), quantization.weights(), actual, 2);
        }
        assertThat(Files.mismatch(actual, expected)).as("%s, %s", type, what).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource(value = FileType.class, mode = EnumSource.Mode.EXCLUDE, names = "Q2_K_S")
    @Tag("interop")
    void areLlamaQuantizesOwnWherePure(FileType type) throws IOException, InterruptedException {
        Path wide = RandomLlama.of(2, 256, 512, 8, 8, true, DType.F16).write(folder.resolve("a"));
        compare(
                "wide",
                wide,
                options(type, true, false, Optional.empty()),
                type,
                List.of("--pure"));
        Path narrow =
                RandomLlama.of(2, 288, 200, 8, 4, false, DType.F32).write(folder.resolve("b"));
        compare(
                "narrow",
                narrow,
                options(type, true, false, Optional.empty()),
                type,
                List.of("--pure"));
    }

    @ParameterizedTest
    @EnumSource(FileType.class)
    @Tag("interop")
    void areLlamaQuantizesOwnWithImportance(FileType type)
            throws IOException, InterruptedException {
        RandomLlama model = RandomLlama.of(3, 256, 512, 8, 2, false, DType.BF16);
        Path input = model.write(folder.resolve("in.gguf"));
        // Q2_K_S takes no tensor without importance; the others quantize it as without.
        String missing = type == FileType.Q2_K_S ? "output.weight" : ATTENTION_K;
        for (Path matrix :
                List.of(
                        ImportanceFiles.gguf(model, missing, folder.resolve("imatrix.gguf")),
                        ImportanceFiles.legacy(model, missing, folder.resolve("imatrix.dat")))) {
            ImportanceMatrix weights = ImportanceMatrices.read(matrix);
            for (boolean pure : new boolean[] {false, true}) {
                if (pure && type == FileType.Q2_K_S) continue; // the head would need importance
                List<Object> arguments = new ArrayList<>(List.of("--imatrix", matrix));
                if (pure) arguments.add("--pure");
                compare(
                        matrix.getFileName() + (pure ? "-pure" : ""),
                        input,
                        options(type, pure, false, Optional.of(weights)),
                        type,
                        arguments);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = FileType.class,
            names = {"Q8_0", "Q4_K_M", "Q3_K_M", "Q5_0", "IQ4_XS", "F16"})
    @Tag("interop")
    void areLlamaQuantizesOwnFromQuantizedInputs(FileType type)
            throws IOException, InterruptedException {
        RandomLlama model = RandomLlama.of(2, 256, 512, 8, 8, true, DType.F32);
        for (FileType from : List.of(FileType.Q8_0, FileType.Q4_K_M)) {
            Quantization once =
                    Quantization.of(model.metadata(), model.weights(), QuantizeOptions.of(from));
            Path input = folder.resolve(from + ".gguf");
            RandomLlama.write(once.metadata(), once.weights(), input, 2);
            compare(
                    "from-" + from,
                    input,
                    options(type, false, true, Optional.empty()),
                    type,
                    List.of("--allow-requantize"));
        }
    }
}
