package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.testing.Originals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

class QuantizationTest {
    @TempDir Path folder;

    /** Weights that a test can make anywhere: normal, the same for the same name. */
    private record Random32(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long columns = info.shape().columns();
            float[] row = new float[(int) columns];
            for (long r = 0; r < count; r++) {
                Random random = new Random(info.name().hashCode() * 31L + first + r);
                for (int c = 0; c < columns; c++) row[c] = (float) random.nextGaussian() * 0.02f;
                Scalars.narrow(info.dtype(), row, 0, into, r * info.rowBytes(), (int) columns);
            }
        }
    }

    private record Model(GgufMetadata metadata, Checkpoint weights) {}

    private static Model model(
            int layers, int hidden, int ffn, int heads, int kvHeads, boolean tied, DType dtype) {
        int kv = hidden / heads * kvHeads;
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(tensor("token_embd.weight", dtype, 96, hidden));
        for (int i = 0; i < layers; i++) {
            String p = "blk." + i + ".";
            tensors.add(tensor(p + "attn_q.weight", dtype, hidden, hidden));
            tensors.add(tensor(p + "attn_k.weight", dtype, kv, hidden));
            tensors.add(tensor(p + "attn_v.weight", dtype, kv, hidden));
            tensors.add(tensor(p + "attn_output.weight", dtype, hidden, hidden));
            tensors.add(tensor(p + "ffn_gate.weight", dtype, ffn, hidden));
            tensors.add(tensor(p + "ffn_up.weight", dtype, ffn, hidden));
            tensors.add(tensor(p + "ffn_down.weight", dtype, hidden, ffn));
            tensors.add(tensor(p + "attn_norm.weight", DType.F32, hidden));
            tensors.add(tensor(p + "ffn_norm.weight", DType.F32, hidden));
        }
        tensors.add(tensor("output_norm.weight", DType.F32, hidden));
        if (!tied) tensors.add(tensor("output.weight", dtype, 96, hidden));
        List<String> tokens = new ArrayList<>();
        int[] types = new int[96];
        for (int i = 0; i < 96; i++) {
            tokens.add(i == 0 ? "<unk>" : "t" + i);
            types[i] = i == 0 ? 2 : 1;
        }
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.architecture", GgufValue.text("llama"))
                        .put("general.file_type", GgufValue.u32(0))
                        .put("general.quantization_version", GgufValue.u32(2))
                        .put("llama.block_count", GgufValue.u32(layers))
                        .put("llama.context_length", GgufValue.u32(64))
                        .put("llama.embedding_length", GgufValue.u32(hidden))
                        .put("llama.feed_forward_length", GgufValue.u32(ffn))
                        .put("llama.attention.head_count", GgufValue.u32(heads))
                        .put("llama.attention.head_count_kv", GgufValue.u32(kvHeads))
                        .put("llama.attention.layer_norm_rms_epsilon", GgufValue.f32(1e-5f))
                        .put("llama.rope.dimension_count", GgufValue.u32(hidden / heads))
                        .put("tokenizer.ggml.model", GgufValue.text("llama"))
                        .put("tokenizer.ggml.tokens", GgufValue.texts(tokens))
                        .put("tokenizer.ggml.scores", GgufValue.floats(new float[96]))
                        .put("tokenizer.ggml.token_type", GgufValue.i32s(types))
                        .build();
        return new Model(metadata, new TensorMap(tensors, Map.of(), List.of()));
    }

    private static Tensor tensor(String name, DType dtype, long... dims) {
        return new Random32(new TensorInfo(name, dtype, new Shape(dims)));
    }

    private static DType to(Quantization q, String name) {
        return q.byName().get(name).to();
    }

    @Test
    void mixesAsLlamaQuantizeDoes() {
        Model m = model(6, 256, 768, 8, 8, true, DType.F32);
        Quantization q =
                Quantization.of(m.metadata(), m.weights(), QuantizeOptions.of(FileType.Q4_K_M));
        assertThat(to(q, "token_embd.weight")).isEqualTo(DType.Q6_K);
        assertThat(to(q, "blk.1.attn_v.weight")).isEqualTo(DType.Q4_K);
        assertThat(to(q, "blk.2.attn_v.weight")).isEqualTo(DType.Q6_K);
        assertThat(to(q, "blk.5.ffn_down.weight")).isEqualTo(DType.Q6_K);
        assertThat(to(q, "blk.5.attn_q.weight")).isEqualTo(DType.Q4_K);
        assertThat(to(q, "output_norm.weight")).isEqualTo(DType.F32);
        assertThat(q.weights().tensors().sequencedKeySet().getFirst())
                .isEqualTo("output_norm.weight");
        assertThat(q.metadata().values().sequencedKeySet().getLast())
                .isEqualTo("general.file_type");
        assertThat(q.metadata().integer("general.file_type")).hasValue(15);
    }

    @Test
    void fallsBackWhereRowsAreNoWholeBlocks() {
        Model m = model(2, 288, 288, 8, 8, true, DType.F32);
        Quantization q =
                Quantization.of(m.metadata(), m.weights(), QuantizeOptions.of(FileType.Q4_K_M));
        assertThat(to(q, "blk.0.attn_q.weight")).isEqualTo(DType.Q5_0);
        assertThat(to(q, "token_embd.weight")).isEqualTo(DType.Q8_0);
        assertThat(q.byName().get("blk.0.attn_q.weight").fallback()).isTrue();
        QuantizeOptions strict =
                new QuantizeOptions(
                        FileType.Q4_K_M,
                        false,
                        false,
                        java.util.Optional.empty(),
                        java.util.Optional.empty(),
                        List.of(),
                        false,
                        true,
                        java.util.Optional.empty());
        assertThatThrownBy(() -> Quantization.of(m.metadata(), m.weights(), strict))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("288");
        Model narrow = model(2, 200, 200, 8, 8, false, DType.F32);
        Quantization all16 =
                Quantization.of(
                        narrow.metadata(), narrow.weights(), QuantizeOptions.of(FileType.Q5_K_M));
        assertThat(to(all16, "output.weight")).isEqualTo(DType.F16);
    }

    @Test
    void refusesToQuantizeTwiceUnlessAllowed() {
        Model m = model(1, 256, 256, 8, 8, true, DType.F32);
        Quantization once =
                Quantization.of(m.metadata(), m.weights(), QuantizeOptions.of(FileType.Q8_0));
        assertThatThrownBy(
                        () ->
                                Quantization.of(
                                        once.metadata(),
                                        once.weights(),
                                        QuantizeOptions.of(FileType.Q4_K_M)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("Q8_0 already");
    }

    @Test
    void readsTypeNamesAsPeopleTypeThem() {
        assertThat(FileType.named("q4_K")).isEqualTo(FileType.Q4_K_M);
        assertThat(FileType.named("q5_k_m")).isEqualTo(FileType.Q5_K_M);
        assertThat(FileType.named("int8")).isEqualTo(FileType.Q8_0);
        assertThat(FileType.named("iq4_nl")).isEqualTo(FileType.IQ4_NL);
        assertThat(FileType.Q4_K_M.display()).isEqualTo("q4_K_M");
        assertThatThrownBy(() -> FileType.named("q9"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("q9");
    }

    @Test
    void namesTheFirstValueThatIsNotFinite() {
        Tensor broken =
                new Tensor() {
                    private final TensorInfo info =
                            new TensorInfo("blk.0.attn_q.weight", DType.F32, new Shape(4, 256));

                    @Override
                    public TensorInfo info() {
                        return info;
                    }

                    @Override
                    public void readRows(long first, long count, MemorySegment into) {
                        into.asSlice(0, count * 1024).fill((byte) 0);
                        if (first <= 3 && 3 < first + count) {
                            into.set(Scalars.LE_FLOAT, (3 - first) * 1024 + 7 * 4, Float.NaN);
                        }
                    }
                };
        Model m = model(1, 256, 256, 8, 8, true, DType.F32);
        Checkpoint weights = new TensorMap(List.of(broken), Map.of(), List.of());
        Quantization q =
                Quantization.of(m.metadata(), weights, QuantizeOptions.of(FileType.Q4_K_M));
        Tensor quantized = q.weights().tensors().get("blk.0.attn_q.weight");
        assertThatThrownBy(() -> quantized.readRows(0, 4, MemorySegment.ofArray(new byte[4 * 144])))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("blk.0.attn_q.weight")
                .hasMessageContaining("row 3, column 7");
    }

    @ParameterizedTest
    @EnumSource(value = FileType.class, mode = EnumSource.Mode.EXCLUDE, names = "Q2_K_S")
    @Tag("interop")
    void writesLlamaQuantizesFileByteForByte(FileType type)
            throws IOException, InterruptedException {
        Path program = Originals.program("llama-quantize");
        Model[] models = {
            model(6, 256, 768, 8, 8, true, DType.BF16),
            model(12, 256, 512, 8, 2, false, DType.F32),
            model(2, 288, 320, 8, 8, true, DType.F16),
            model(2, 200, 200, 8, 8, false, DType.F32)
        };
        for (int i = 0; i < models.length; i++) {
            Path input = folder.resolve("in" + i + ".gguf");
            write(models[i].metadata(), models[i].weights(), input);
            Path theirs = folder.resolve("theirs" + i + ".gguf");
            Originals.run(program, input, theirs, type.name(), "2");
            Path ours = folder.resolve("ours" + i + ".gguf");
            try (var in = new GgufReader().open(input)) {
                Quantization q = Quantization.of(in.gguf(), in, QuantizeOptions.of(type));
                write(q.metadata(), q.weights(), ours);
            }
            assertThat(Files.mismatch(ours, theirs)).as("%s, model %d", type, i).isEqualTo(-1);
        }
    }

    @Test
    @Tag("interop")
    void understandsTensorTypesAsLlamaQuantizeDoes() throws IOException, InterruptedException {
        Path program = Originals.program("llama-quantize");
        Model m = model(6, 256, 768, 8, 4, false, DType.F32);
        Path input = folder.resolve("in.gguf");
        write(m.metadata(), m.weights(), input);
        Path theirs = folder.resolve("theirs.gguf");
        Originals.run(
                program,
                "--tensor-type",
                "attn_v=q8_0",
                "--token-embedding-type",
                "q5_k",
                "--output-tensor-type",
                "q8_0",
                input,
                theirs,
                "Q4_K_M",
                "2");
        Path ours = folder.resolve("ours.gguf");
        QuantizeOptions options =
                new QuantizeOptions(
                        FileType.Q4_K_M,
                        false,
                        false,
                        java.util.Optional.of(DType.Q8_0),
                        java.util.Optional.of(DType.Q5_K),
                        List.of(
                                new QuantizeOptions.TensorType(
                                        Pattern.compile("attn_v"), DType.Q8_0)),
                        false,
                        false,
                        java.util.Optional.empty());
        try (var in = new GgufReader().open(input)) {
            Quantization q = Quantization.of(in.gguf(), in, options);
            write(q.metadata(), q.weights(), ours);
        }
        assertThat(Files.mismatch(ours, theirs)).isEqualTo(-1);
    }

    private static void write(GgufMetadata metadata, Checkpoint weights, Path target) {
        new PlanWriter(2, Progress.NONE).write(GgufWriter.plan(metadata, weights, target), false);
    }
}
