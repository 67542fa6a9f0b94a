package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.gguf.GgufReader;
import tk.gguf.GgufValue;
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
import java.util.Optional;
import java.util.regex.Pattern;

class QuantizationTest {
    @TempDir Path folder;

    private static DType to(Quantization q, String name) {
        return q.byName().get(name).to();
    }

    @Test
    void mixesAsLlamaQuantizeDoes() {
        RandomLlama m = RandomLlama.of(6, 256, 768, 8, 8, true, DType.F32);
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
        RandomLlama m = RandomLlama.of(2, 288, 288, 8, 8, true, DType.F32);
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
        RandomLlama narrow = RandomLlama.of(2, 200, 200, 8, 8, false, DType.F32);
        Quantization all16 =
                Quantization.of(
                        narrow.metadata(), narrow.weights(), QuantizeOptions.of(FileType.Q5_K_M));
        assertThat(to(all16, "output.weight")).isEqualTo(DType.F16);
    }

    @Test
    void refusesToQuantizeTwiceUnlessAllowed() {
        RandomLlama m = RandomLlama.of(1, 256, 256, 8, 8, true, DType.F32);
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
        assertThat(FileType.IQ4_XS.display()).isEqualTo("iq4_xs");
        assertThat(FileType.ofCode(30)).contains(FileType.IQ4_XS);
        assertThat(FileType.ofCode(-1)).isEmpty();
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
        RandomLlama m = RandomLlama.of(1, 256, 256, 8, 8, true, DType.F32);
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
        RandomLlama[] models = {
            RandomLlama.of(6, 256, 768, 8, 8, true, DType.BF16),
            RandomLlama.of(12, 256, 512, 8, 2, false, DType.F32),
            RandomLlama.of(2, 288, 320, 8, 8, true, DType.F16),
            RandomLlama.of(2, 200, 200, 8, 8, false, DType.F32)
        };
        for (int i = 0; i < models.length; i++) {
            Path input = folder.resolve("in" + i + ".gguf");
            models[i].write(input);
            Path theirs = folder.resolve("theirs" + i + ".gguf");
            Originals.run(program, input, theirs, type.name(), "2");
            Path ours = folder.resolve("ours" + i + ".gguf");
            try (var in = new GgufReader().open(input)) {
                Quantization q = Quantization.of(in.gguf(), in, QuantizeOptions.of(type));
                RandomLlama.write(q.metadata(), q.weights(), ours, 2);
            }
            assertThat(Files.mismatch(ours, theirs)).as("%s, model %d", type, i).isEqualTo(-1);
        }
    }

    /** The options that can meet on one tensor; {@code -} is an option that is not given. */
    private static final String MEETING_OPTIONS =
            """
            # mixture, tied,  pure,  output, embedding, tensor types,                   token_embd, output
            Q4_K_M,    true,  false, Q8_0,   -,         -,                              Q8_0,       -
            Q4_K_M,    true,  true,  Q8_0,   -,         -,                              Q4_K,       -
            Q4_K_M,    true,  false, Q8_0,   -,         token_embd=Q5_0,                Q5_0,       -
            Q4_K_M,    true,  false, Q8_0,   Q5_0,      token_embd=Q6_K,                Q5_0,       -
            F16,       true,  false, Q8_0,   -,         -,                              F16,        -
            Q5_1,      true,  false, -,      Q8_0,      weight$=BF16,                   Q8_0,       -
            Q4_K_M,    false, true,  Q8_0,   -,         output=Q5_0,                    Q4_K,       Q8_0
            Q4_K_M,    false, false, F16,    -,         .*=Q8_0 attn=F32,               Q8_0,       F16
            F16,       false, false, Q8_0,   Q4_K,      -,                              Q4_K,       Q8_0
            BF16,      false, false, -,      -,         output=Q5_0,                    BF16,       BF16
            """;

    private static QuantizeOptions options(
            FileType type, boolean pure, String output, String embedding, String tensorTypes) {
        List<QuantizeOptions.TensorType> types = new ArrayList<>();
        for (String option : named(tensorTypes).map(t -> t.split(" ")).orElse(new String[0])) {
            String[] parts = option.split("=", 2);
            types.add(
                    new QuantizeOptions.TensorType(
                            Pattern.compile(parts[0]), DType.valueOf(parts[1])));
        }
        return new QuantizeOptions(
                type,
                pure,
                false,
                named(output).map(DType::valueOf),
                named(embedding).map(DType::valueOf),
                types,
                false,
                false,
                Optional.empty());
    }

    private static Optional<String> named(String option) {
        return option.equals("-") ? Optional.empty() : Optional.of(option);
    }

    @ParameterizedTest
    @CsvSource(textBlock = MEETING_OPTIONS)
    void oneOptionGoesBeforeAnother(
            FileType type,
            boolean tied,
            boolean pure,
            String output,
            String embedding,
            String tensorTypes,
            String embeddingType,
            String outputType) {
        RandomLlama m = RandomLlama.of(1, 256, 256, 8, 8, tied, DType.F32);
        QuantizeOptions options = options(type, pure, output, embedding, tensorTypes);
        Quantization q = Quantization.of(m.metadata(), m.weights(), options);
        assertThat(to(q, "token_embd.weight")).isEqualTo(DType.valueOf(embeddingType));
        if (!tied) assertThat(to(q, "output.weight")).isEqualTo(DType.valueOf(outputType));
    }

    @ParameterizedTest
    @CsvSource(textBlock = MEETING_OPTIONS)
    @Tag("interop")
    void optionsMeetAsInLlamaQuantize(
            FileType type,
            boolean tied,
            boolean pure,
            String output,
            String embedding,
            String tensorTypes)
            throws IOException, InterruptedException {
        Path program = Originals.program("llama-quantize");
        RandomLlama m = RandomLlama.of(2, 256, 256, 8, 8, tied, DType.F32);
        Path input = folder.resolve("in.gguf");
        m.write(input);
        Path theirs = folder.resolve("theirs.gguf");
        List<Object> arguments = new ArrayList<>();
        if (pure) arguments.add("--pure");
        named(output).ifPresent(t -> arguments.addAll(List.of("--output-tensor-type", t)));
        named(embedding).ifPresent(t -> arguments.addAll(List.of("--token-embedding-type", t)));
        for (String option : named(tensorTypes).map(t -> t.split(" ")).orElse(new String[0]))
            arguments.addAll(List.of("--tensor-type", option));
        arguments.addAll(List.of(input, theirs, type.name(), "2"));
        Originals.run(program, arguments.toArray());
        Path ours = folder.resolve("ours.gguf");
        try (var in = new GgufReader().open(input)) {
            Quantization q =
                    Quantization.of(
                            in.gguf(), in, options(type, pure, output, embedding, tensorTypes));
            RandomLlama.write(q.metadata(), q.weights(), ours, 2);
        }
        assertThat(Files.mismatch(ours, theirs)).isEqualTo(-1);
    }

    @Test
    void theSmallestMixtureNeedsImportanceOnlyWhereATensorIsThatSmall() {
        RandomLlama blocks = RandomLlama.of(1, 256, 256, 8, 8, false, DType.F32);
        QuantizeOptions options = QuantizeOptions.of(FileType.Q2_K_S);
        assertThatThrownBy(() -> Quantization.of(blocks.metadata(), blocks.weights(), options))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("needs an importance matrix");
        RandomLlama narrow = RandomLlama.of(1, 96, 96, 4, 4, false, DType.F32);
        Quantization q = Quantization.of(narrow.metadata(), narrow.weights(), options);
        assertThat(to(q, "blk.0.attn_q.weight")).isEqualTo(DType.Q4_0);
    }

    @Test
    void tablesOfPositionsStayAsTheyAre() {
        RandomLlama m = RandomLlama.of(1, 256, 256, 8, 8, false, DType.F32);
        List<Tensor> tensors = new ArrayList<>(m.weights().tensors().values());
        tensors.add(RandomLlama.tensor("position_embd.weight", DType.F32, 64, 256));
        Quantization q =
                Quantization.of(
                        m.metadata(),
                        new TensorMap(tensors, Map.of(), List.of()),
                        QuantizeOptions.of(FileType.Q4_K_M));
        assertThat(to(q, "position_embd.weight")).isEqualTo(DType.F32);
    }

    /** Three layers of four experts, with what other families' files hold beside. */
    private static RandomLlama experts() {
        RandomLlama m = RandomLlama.of(3, 256, 256, 8, 2, false, DType.F32);
        List<Tensor> tensors = new ArrayList<>(m.weights().tensors().values());
        tensors.removeIf(t -> t.info().name().contains("ffn_down"));
        for (int layer = 0; layer < 3; layer++) {
            String block = "blk." + layer + ".";
            tensors.add(RandomLlama.tensor(block + "attn_qkv.weight", DType.F32, 384, 256));
            tensors.add(RandomLlama.tensor(block + "ffn_down_exps.weight", DType.F32, 4, 64, 256));
            tensors.add(RandomLlama.tensor(block + "ffn_down_shexp.weight", DType.F32, 64, 256));
            tensors.add(RandomLlama.tensor(block + "ffn_gate_inp_shexp.weight", DType.F32, 1, 256));
            tensors.add(RandomLlama.tensor(block + "ssm_conv1d.weight", DType.F32, 8, 256));
        }
        tensors.add(RandomLlama.tensor("per_layer_token_embd.weight", DType.F32, 96, 256));
        return new RandomLlama(
                m.metadata().toBuilder()
                        .put("llama.expert_count", GgufValue.u32(4))
                        .put("llama.expert_used_count", GgufValue.u32(2))
                        .build(),
                new TensorMap(tensors, Map.of(), List.of()));
    }

    @Test
    void expertsGoByTheirLayerAndFusedTensorsByTheirRole() {
        RandomLlama m = experts();
        QuantizeOptions options =
                QuantizeOptions.of(FileType.Q4_K_M).withTokenEmbeddingType(DType.Q5_0);
        Quantization q = Quantization.of(m.metadata(), m.weights(), options);
        assertThat(to(q, "blk.0.attn_qkv.weight")).isEqualTo(DType.Q4_K);
        assertThat(to(q, "blk.1.attn_qkv.weight")).isEqualTo(DType.Q6_K);
        assertThat(to(q, "blk.2.attn_v.weight")).isEqualTo(DType.Q6_K);
        assertThat(to(q, "blk.1.ffn_down_exps.weight")).isEqualTo(DType.Q4_K);
        assertThat(to(q, "blk.2.ffn_down_exps.weight")).isEqualTo(DType.Q6_K);
        assertThat(to(q, "blk.0.ssm_conv1d.weight")).isEqualTo(DType.F32);
        assertThat(to(q, "per_layer_token_embd.weight")).isEqualTo(DType.Q5_0);
        TensorInfo gate = q.byName().get("blk.0.ffn_gate_inp_shexp.weight").info();
        assertThat(gate.shape()).isEqualTo(new Shape(256));
        assertThat(to(q, gate.name())).isEqualTo(DType.F32);
    }

    @ParameterizedTest
    @EnumSource(
            value = FileType.class,
            names = {"Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "IQ4_XS"})
    @Tag("interop")
    void expertsAreQuantizedAsByLlamaQuantize(FileType type)
            throws IOException, InterruptedException {
        Path program = Originals.program("llama-quantize");
        Path input = experts().write(folder.resolve("in.gguf"));
        Path theirs = folder.resolve("theirs.gguf");
        Originals.run(program, input, theirs, type.name(), "2");
        Path ours = folder.resolve("ours.gguf");
        try (var in = new GgufReader().open(input)) {
            Quantization q = Quantization.of(in.gguf(), in, QuantizeOptions.of(type));
            RandomLlama.write(q.metadata(), q.weights(), ours, 2);
        }
        assertThat(Files.mismatch(ours, theirs)).isEqualTo(-1);
    }

    @Test
    void aMatrixThatIsNotThereIsCalledSo() {
        assertThatThrownBy(() -> ImportanceMatrices.read(folder.resolve("none.dat")))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("no such file");
    }

    @ParameterizedTest
    @CsvSource({
        "llama, 8, 1, Q5_K",
        "llama, 2, 2, Q4_K",
        "qwen2, 2, 2, Q5_K",
        "qwen3, 8, 1, Q4_K",
    })
    void eightyLayersAreSeventyBillionOnlyInSomeFamilies(
            String family, int heads, int kvHeads, DType expected) {
        RandomLlama m = RandomLlama.of(80, 256, 256, heads, kvHeads, true, DType.F32);
        var metadata =
                m.metadata().toBuilder()
                        .put("general.architecture", GgufValue.text(family))
                        .put(family + ".block_count", GgufValue.u32(80))
                        .put(family + ".attention.head_count", GgufValue.u32(heads))
                        .put(
                                family + ".attention.head_count_kv",
                                GgufValue.i32s(new int[] {kvHeads, kvHeads}));
        Quantization q =
                Quantization.of(metadata.build(), m.weights(), QuantizeOptions.of(FileType.Q4_K_M));
        assertThat(to(q, "blk.10.attn_v.weight")).isEqualTo(expected);
    }
}
