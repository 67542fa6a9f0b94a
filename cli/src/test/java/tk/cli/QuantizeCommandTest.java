package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.cli.CommandLineTest.Run;
import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.json.JsonValue.JsonObject;
import tk.quantize.FloatRows;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code tk quantize} from argument to file. */
class QuantizeCommandTest {
    private static final Path PT = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    @Test
    void quantizesFromAnyInputToTheSameFileAsFromItsGguf() throws IOException {
        Path gguf = folder.resolve("m.gguf");
        Path direct = folder.resolve("direct.gguf");
        Path twoSteps = folder.resolve("two.gguf");
        assertThat(tk("convert", PT, gguf).exit()).isZero();
        assertThat(tk("quantize", PT, direct, "q5_K_M").exit()).isZero();
        assertThat(tk("quantize", gguf, twoSteps, "-t", "Q5_k").exit()).isZero();
        assertThat(Files.mismatch(direct, twoSteps)).isEqualTo(-1);
    }

    @Test
    void aLimitOfTheUsersOwnIsNotWidened() {
        Path q4 = folder.resolve("q4.gguf");
        assertThat(tk("quantize", PT, q4, "q4_K_M").exit()).isZero();
        assertThat(tk("verify", PT, q4).exit()).isZero();
        Run strict = tk("verify", PT, q4, "--max-kld", "0.0001", "--json");
        assertThat(strict.exit()).isEqualTo(6);
        JsonObject tolerance = strict.json().object("tolerance").orElseThrow();
        assertThat(tolerance.number("maxKld").orElseThrow().asDouble()).isEqualTo(0.0001);
    }

    @Test
    void tellsHowFarEachQuantizedTensorIsFromItsSource() throws IOException {
        Path f32 = folder.resolve("f32.gguf");
        Path q4 = folder.resolve("q4.gguf");
        assertThat(tk("convert", PT, f32, "--dtype", "f32").exit()).isZero();
        Run planned = tk("quantize", f32, q4, "q4_K_M", "--stats", "--dry-run", "--json");
        assertThat(planned.exit()).as(planned.err()).isZero();
        assertThat(q4).doesNotExist();
        Run run = tk("quantize", f32, q4, "q4_K_M", "--stats", "--json");
        assertThat(run.json().array("tensors")).isEqualTo(planned.json().array("tensors"));
        String name = "blk.3.ffn_up.weight";
        JsonObject tensor =
                run.json().array("tensors").orElseThrow().items().stream()
                        .map(JsonObject.class::cast)
                        .filter(t -> t.string("name").orElseThrow().equals(name))
                        .findFirst()
                        .orElseThrow();
        double squares = 0;
        double largest = 0;
        float[] x;
        try (GgufFile a = new GgufReader().open(f32);
                GgufFile b = new GgufReader().open(q4)) {
            Tensor source = a.tensors().get(name);
            int rows = (int) source.info().shape().rows();
            x = new float[(int) source.info().shape().elements()];
            float[] y = new float[x.length];
            FloatRows.read(source, 0, rows, x);
            FloatRows.read(b.tensors().get(name), 0, rows, y);
            for (int i = 0; i < x.length; i++) {
                double d = (double) x[i] - y[i];
                squares += d * d;
                largest = Math.max(largest, Math.abs(d));
            }
        }
        assertThat(tensor.number("rmse").orElseThrow().asDouble())
                .isCloseTo(Math.sqrt(squares / x.length), withinPercentage(1e-6));
        assertThat(tensor.number("maxAbs").orElseThrow().asDouble()).isEqualTo(largest);
        Run text = tk("quantize", f32, q4, "q4_K_M", "--stats", "--force");
        assertThat(text.err())
                .containsPattern(
                        "blk\\.3\\.ffn_up\\.weight .* F32 -> Q4_K +4\\.50 bpw +RMSE +0\\.0");
        assertThat(text.out()).contains("bits per weight").contains("RMSE");
    }

    /** A GGUF whose one matrix has rows that no block of 256 divides. */
    private static Path narrow(Path file) {
        TensorInfo info = new TensorInfo("blk.0.ffn_up.weight", DType.F32, new Shape(32, 96));
        Tensor matrix =
                new Tensor() {
                    @Override
                    public TensorInfo info() {
                        return info;
                    }

                    @Override
                    public void readRows(long first, long count, MemorySegment into) {
                        for (long at = 0; at < count * info.rowBytes(); at += 4) {
                            into.set(Scalars.LE_FLOAT, at, (float) Math.sin(first + at));
                        }
                    }
                };
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.architecture", GgufValue.text("llama"))
                        .put("llama.block_count", GgufValue.u32(1))
                        .build();
        TensorMap weights = new TensorMap(List.of(matrix), Map.of(), List.of());
        new PlanWriter(1, Progress.NONE).write(GgufWriter.plan(metadata, weights, file), false);
        return file;
    }

    @Test
    void refusesAFileThatWouldNotBeWhatItsNameSays() throws IOException {
        Path narrow = narrow(folder.resolve("narrow.gguf"));
        Path out = folder.resolve("out.gguf");
        Run refused = tk("quantize", narrow, out, "q4_K_M", "--no-fallback");
        assertThat(refused.exit()).isEqualTo(5);
        assertThat(refused.err()).contains("rows of 96 values cannot be Q4_K").contains("hint");
        assertThat(out).doesNotExist();
        Run allowed = tk("quantize", narrow, out, "q4_K_M");
        assertThat(allowed.exit()).as(allowed.err()).isZero();
        assertThat(allowed.err())
                .contains("F32 -> Q5_0     5.50 bpw  (wanted Q4_K)")
                .contains("rows of 96 values cannot be Q4_K, so Q5_0");
        assertThat(tk("quantize", narrow, out, "q8_0", "--no-fallback", "--force").exit()).isZero();
        Run forgotten = tk("quantize", narrow, "q4_k_m");
        assertThat(forgotten.exit()).isEqualTo(2);
        assertThat(forgotten.err()).contains("no output given");
    }
}
