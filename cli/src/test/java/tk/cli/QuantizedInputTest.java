package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.cli.CommandLineTest.Run;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.gguf.GgufWriter;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A GGUF that someone else has quantized already, as the input of {@code tk package}. */
class QuantizedInputTest {
    private static final Path PT = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    private Path quantized(String type) {
        Path gguf = folder.resolve("model-" + type + ".gguf");
        Run run = tk("quantize", PT, gguf, type, "--pure");
        assertThat(run.exit()).as(run.err()).isZero();
        return gguf;
    }

    @Test
    void staysAsItIsUnlessATypeIsAskedFor() throws Exception {
        Path gguf = quantized("q5_1");
        Path out = folder.resolve("out");
        Run run =
                tk("package", gguf, "-o", out, "--reference", PT, "--byte-fallback", "none", "-q");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(Files.mismatch(gguf, out.resolve("model-q5_1.gguf"))).isEqualTo(-1);
        assertThat(out.resolve("Modelfile")).exists();
        Run asked = tk("package", gguf, "-o", folder.resolve("again"), "-t", "q4_K_M", "-q");
        assertThat(asked.exit()).isEqualTo(5);
        assertThat(asked.err()).contains("is Q5_1 already");
    }

    /** The added rows are blocks of the type that the matrix has; every other row is copied. */
    @Test
    void getsByteTokensInItsOwnBlocks() {
        Path gguf = quantized("q8_0");
        Path out = folder.resolve("out");
        Run run = tk("package", gguf, "-o", out, "--reference", PT, "-q");
        assertThat(run.exit()).as(run.err()).isZero();
        try (GgufFile before = new GgufReader().open(gguf);
                GgufFile after = new GgufReader().open(out.resolve("model-q8_0.gguf"))) {
            Tensor embedding = before.tensors().get("token_embd.weight");
            for (String name : List.of("token_embd.weight", "output.weight")) {
                Tensor extended = after.tensors().get(name);
                assertThat(extended.info().dtype()).isEqualTo(DType.Q8_0);
                assertThat(extended.info().shape()).isEqualTo(new Shape(8256, 256));
                assertThat(rows(extended, 8000)).isEqualTo(rows(embedding, 8000));
            }
        }
    }

    @Test
    void isRefusedBeforeAnythingIsWrittenWhereItsTypeIsNotKnown() {
        Path gguf = folder.resolve("small.gguf");
        try (GgufFile file = new GgufReader().open(quantized("q8_0"))) {
            List<Tensor> tensors = new ArrayList<>(file.tensors().values());
            tensors.add(
                    new Zeros(
                            new TensorInfo("blk.9.ffn_up.weight", DType.IQ3_S, new Shape(2, 256))));
            new PlanWriter(1, Progress.NONE)
                    .write(
                            GgufWriter.plan(file.gguf(), TensorMap.replacing(file, tensors), gguf),
                            false);
        }
        Path q = folder.resolve("q");
        for (Run run :
                List.of(
                        tk("package", gguf, "-o", folder.resolve("out")),
                        tk("package", gguf, "-o", folder.resolve("out"), "--dry-run"),
                        tk("quantize", gguf, q, "q4_0", "--allow-requantize"),
                        tk("quantize", gguf, q, "q4_0", "--allow-requantize", "--dry-run"))) {
            assertThat(run.exit()).as(run.err()).isEqualTo(5);
            assertThat(run.err())
                    .contains("`blk.9.ffn_up.weight`: values of type IQ3_S")
                    .doesNotContain("writing");
        }
    }

    private static byte[] rows(Tensor tensor, int count) {
        byte[] bytes = new byte[Math.toIntExact(count * tensor.info().rowBytes())];
        tensor.readRows(0, count, MemorySegment.ofArray(bytes));
        return bytes;
    }

    private record Zeros(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            into.fill((byte) 0);
        }
    }
}
