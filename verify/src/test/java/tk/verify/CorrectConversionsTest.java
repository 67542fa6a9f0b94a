package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Progress;
import tk.error.UnsupportedException;
import tk.gguf.GgufValue;
import tk.model.ModelSource;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tokenizer.TokenType;
import tk.verify.reference.LogitModel;
import tk.verify.settings.Setting;
import tk.verify.weights.ControlWeights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * The verifier never cries wolf: conversions that are right pass, whatever the family, the
 * container, the types. With {@code -Dtk.bench} all of some three hundred, else every
 * thirty-seventh.
 */
class CorrectConversionsTest {
    @TempDir Path folder;

    private static final TinyVocabulary BYTES = TinyVocabulary.train(60, true);
    private static final TinyVocabulary NO_BYTES = TinyVocabulary.train(60, false);
    private static final String LLAMA = "LlamaForCausalLM";

    private static final List<DType> TYPES =
            List.of(
                    DType.F32,
                    DType.F16,
                    DType.BF16,
                    DType.Q8_0,
                    DType.Q6_K,
                    DType.Q5_K,
                    DType.Q4_K,
                    DType.Q3_K,
                    DType.Q2_K,
                    DType.Q5_0,
                    DType.Q5_1,
                    DType.Q4_0,
                    DType.Q4_1,
                    DType.IQ4_NL,
                    DType.IQ4_XS);

    private static final SequencedMap<String, Supplier<TinyModel>> MODELS = new LinkedHashMap<>();

    static {
        model("llama", LLAMA, BYTES, Map.of());
        model("llama tied", LLAMA, BYTES, Map.of("tie_word_embeddings", true));
        model("llama without byte pieces", LLAMA, NO_BYTES, Map.of());
        model(
                "llama tied, without byte pieces",
                LLAMA,
                NO_BYTES,
                Map.of("tie_word_embeddings", true));
        model("llama with padded rows", LLAMA, BYTES, Map.of("vocab_size", 384));
        model("llama with biases", LLAMA, BYTES, Map.of("attention_bias", true));
        model("llama, rope llama3", LLAMA, BYTES, Map.of("rope_scaling", RopeFactors.SCALING));
        model(
                "llama, rope linear",
                LLAMA,
                BYTES,
                Map.of("rope_scaling", Map.of("rope_type", "linear", "factor", 4.0)));
        model(
                "llama, theta 500000",
                LLAMA,
                BYTES,
                Map.of("rope_theta", 500000.0, "rms_norm_eps", 1e-6));
        model("mistral", "MistralForCausalLM", BYTES, Map.of());
        model("qwen2", "Qwen2ForCausalLM", BYTES, Map.of());
        model("qwen3", "Qwen3ForCausalLM", BYTES, Map.of());
    }

    private static void model(
            String name,
            String architecture,
            TinyVocabulary vocabulary,
            Map<String, Object> changes) {
        long seed = MODELS.size();
        MODELS.put(name, () -> TinyModel.of(architecture, vocabulary, changes, seed));
    }

    /** One conversion. */
    record Conversion(String model, TinySource container, DType from, DType to, boolean addBytes) {
        @Override
        public String toString() {
            return "%s, %s %s to %s%s"
                    .formatted(model, container, from, to, addBytes ? " with byte pieces" : "");
        }
    }

    static List<Conversion> conversions() {
        List<Conversion> all = new ArrayList<>();
        for (String model : MODELS.keySet()) {
            for (DType to : TYPES) {
                DType from = TYPES.get(all.size() % 3);
                all.add(new Conversion(model, TinySource.SAFETENSORS, from, to, false));
                from = TYPES.get(all.size() % 3);
                if (model.startsWith("llama")) {
                    TinySource container = all.size() % 2 == 0 ? TinySource.PT : TinySource.META_PT;
                    all.add(new Conversion(model, container, from, to, false));
                }
                if (model.contains("without byte")) {
                    all.add(new Conversion(model, TinySource.PT, from, to, true));
                }
            }
        }
        if (Boolean.getBoolean("tk.bench")) return all;
        List<Conversion> some = new ArrayList<>();
        for (int i = 0; i < all.size(); i += 37) some.add(all.get(i));
        return some;
    }

    @ParameterizedTest
    @MethodSource("conversions")
    void passes(Conversion conversion) {
        TinyModel model = MODELS.get(conversion.model()).get();
        if (conversion.addBytes()) model = model.leaning();
        Path input =
                conversion.container().write(model, folder.resolve("source"), conversion.from());
        TinyGguf gguf = convert(model, conversion.to());
        if (conversion.addBytes()) gguf.addRows("", TokenType.BYTE, 256, -16);
        Verification found = verify(input, gguf.write(folder.resolve("model.gguf")));
        assertThat(found.gates()).as("%s", conversion).allMatch(GateResult::pass);
        assertThat(found.evidence().tokens().cases()).isGreaterThan(100);
    }

    /** Such as an F16 checkpoint, the BF16 GGUF that someone made of it, and that one quantized. */
    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q6_K", "Q4_K", "Q4_0", "IQ4_XS"})
    void passesWhatAFileOfAnotherFloatTypeCameBefore(DType type) {
        TinyModel model = MODELS.get("llama").get();
        for (float[] values : model.weights().values()) {
            // Off the grid of BF16 that the example's values lie on.
            for (int i = 0; i < values.length; i++) values[i] *= 1.0031f;
        }
        Path input = TinySource.SAFETENSORS.write(model, folder.resolve("source"), DType.F16);
        TinyGguf gguf = convert(model, type);
        gguf.values.forEach((name, values) -> gguf.values.put(name, half(name, values)));
        Verification found = verify(input, gguf.write(folder.resolve("model.gguf")));
        assertThat(found.gates()).allMatch(GateResult::pass);
        assertThat(found.gate(Gate.TENSORS).orElseThrow().notes())
                .anyMatch(note -> note.contains("rounded to BF16"));

        float[] wrong = gguf.values.get("blk.0.ffn_down.weight");
        System.arraycopy(wrong, 0, wrong, wrong.length / 2, TinyModel.HIDDEN);
        Verification damaged = verify(input, gguf.write(folder.resolve("damaged.gguf")));
        assertThat(damaged.gate(Gate.TENSORS).orElseThrow().pass()).isFalse();
    }

    private static float[] half(String name, float[] values) {
        float[] rounded = values.clone();
        for (int i = 0; i < values.length; i++) {
            float f16 = Float.float16ToFloat(Float.floatToFloat16(values[i]));
            // Norms stay as they are, in F32.
            rounded[i] = name.contains("norm") ? f16 : Scalars.fromBf16(Scalars.toBf16(f16));
        }
        return rounded;
    }

    /** What the tolerances say of errors as large as a candidate's, measured. */
    @Test
    void errorsOfTheSameSizeDoAboutAsMuch() throws IOException {
        List<String> lines = new ArrayList<>();
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (Conversion conversion : conversions()) {
            if (!conversion.to().isBlock() || conversion.addBytes()) continue;
            TinyModel model = MODELS.get(conversion.model()).get();
            Path input =
                    conversion
                            .container()
                            .write(model, folder.resolve("" + lines.size()), DType.F32);
            Path output =
                    convert(model, conversion.to()).write(folder.resolve(lines.size() + ".gguf"));
            double ratio = overControl(input, output);
            least = Math.min(least, ratio);
            most = Math.max(most, ratio);
            lines.add("%.3f %s".formatted(ratio, conversion));
        }
        if (Boolean.getBoolean("tk.bench")) {
            Files.createDirectories(Path.of("target"));
            Files.write(Path.of("target", "over-control.txt"), lines);
        }
        assertThat(least).isGreaterThan(1.0 / 3);
        assertThat(most).isLessThan(3);
    }

    /** The candidate's mean divergence over that of errors of the same size. */
    private static double overControl(Path input, Path output) {
        try (ModelSource source = ModelSource.open(input, ModelSource.Options.NONE);
                ModelSource candidate = ModelSource.open(output, ModelSource.Options.NONE)) {
            OpenedModel reference = OpenedModel.of(source);
            OpenedModel target = OpenedModel.of(candidate);
            int heads = reference.settings().whole(Setting.HEADS);
            int kvHeads = reference.settings().whole(Setting.KV_HEADS);
            Checkpoint moved =
                    ControlWeights.of(
                            source.weights(),
                            reference.weights(heads, kvHeads),
                            target.weights(heads, kvHeads),
                            0);
            Prompts prompts =
                    Prompts.of(
                            Optional.of(reference.vocabulary()),
                            reference.weights(heads, kvHeads).vocabulary(),
                            256,
                            VerifyOptions.DEFAULT.withSample(true));
            try (LogitModel expected = reference.model(1);
                    LogitModel found = target.model(1);
                    LogitModel control = reference.model(moved, 1);
                    LogitRun run = new LogitRun(expected, prompts.compared(), 1)) {
                return run.compare(found, Progress.NONE).kl().mean()
                        / run.compare(control, Progress.NONE).kl().mean();
            }
        }
    }

    @Test
    void passesAHuggingFaceFolderInEveryFloatType() {
        TinyModel model = MODELS.get("llama").get();
        Path input = TinySource.META_PT.write(model, folder.resolve("source"), DType.F32);
        for (DType type : List.of(DType.F32, DType.F16, DType.BF16)) {
            Path output = model.write(folder.resolve(type.name()), type);
            Verification found = verify(input, output);
            assertThat(found.gates()).as("%s", type).allMatch(GateResult::pass);
            assertThat(found.candidate().parts()).hasSize(3);
        }
    }

    /** Also one whose vocabulary has nothing for some of the texts' characters. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama without byte pieces"})
    void passesAGgufAgainstAGguf(String name) {
        TinyModel model = MODELS.get(name).get();
        Path wide = convert(model, DType.F16).write(folder.resolve("f16.gguf"));
        Path narrow = convert(model, DType.Q5_K).write(folder.resolve("q5_k.gguf"));
        assertThat(verify(wide, narrow).gates()).allMatch(GateResult::pass);
        assertThat(verify(narrow, narrow).gates()).allMatch(GateResult::pass);
    }

    /** The embedding often has more rows than the tokenizer has tokens. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama with padded rows"})
    void passesAFolderAgainstAFolderAndAGgufAgainstAFolder(String name) {
        TinyModel model = MODELS.get(name).get();
        Path folder = TinySource.SAFETENSORS.write(model, this.folder.resolve("hf"), DType.F16);
        Path gguf = convert(model, DType.F16).write(this.folder.resolve("f16.gguf"));
        assertThat(verify(folder, folder).gates()).allMatch(GateResult::pass);
        assertThat(verify(gguf, folder).gates()).allMatch(GateResult::pass);
    }

    /** What cannot be read is no failed check: nothing is known of the model. */
    @Test
    void saysWhichTypeOfTheCandidateIsNotSupported() throws IOException {
        TinyModel model = MODELS.get("llama").get();
        Path input = TinySource.SAFETENSORS.write(model, folder.resolve("hf"), DType.F16);
        Path gguf = convert(model, DType.Q3_K).write(folder.resolve("q3_k.gguf"));
        byte[] bytes = Files.readAllBytes(gguf);
        String name = "blk.0.ffn_down.weight";
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(name);
        // After the name: two dimensions, then the type. IQ3_S has blocks as large as Q3_K's.
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(at + name.length() + 4 + 2 * 8, 21);
        Files.write(gguf, bytes);
        assertThatThrownBy(() -> verify(input, gguf))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("q3_k.gguf: tensor `%s`: type IQ3_S".formatted(name));
    }

    @Test
    void agreesToTheBitWhereNothingWasRounded() {
        TinyModel model = MODELS.get("llama").get();
        Path input = TinySource.PT.write(model, folder.resolve("source"), DType.BF16);
        Verification found =
                verify(input, convert(model, DType.F32).write(folder.resolve("m.gguf")));
        assertThat(found.tolerances().basis()).isEqualTo("exact");
        assertThat(found.gate(Gate.TENSORS).orElseThrow().detail()).contains("to the bit");
        VerifiedArtifact artifact = VerifiedArtifact.of(found);
        assertThat(artifact.path()).isEqualTo(folder.resolve("m.gguf"));
    }

    @Test
    void takesTheUsersPromptsAndText() throws IOException {
        TinyModel model = MODELS.get("llama").get();
        Path input = TinySource.PT.write(model, folder.resolve("source"), DType.F32);
        Path output = convert(model, DType.Q8_0).write(folder.resolve("m.gguf"));
        String text = "Saat kulesi yüz yıldır burada duruyor. ".repeat(12);
        VerifyOptions options =
                VerifyOptions.DEFAULT
                        .withSample(true)
                        .withPrompts(List.of("Kuleye çıkan merdiven dardı."))
                        .withText(Optional.of(text), 32);
        try (ModelSource source = ModelSource.open(input, ModelSource.Options.NONE)) {
            Verification found = Verifier.verify(source, output, options);
            assertThat(found.pass()).isTrue();
            KlDivergence evaluation = found.evidence().perplexity().orElseThrow();
            assertThat(evaluation.reference().value()).isGreaterThan(1);
            assertThat(evaluation.candidate().value() / evaluation.reference().value())
                    .isBetween(0.9, 1.1);
            assertThat(found.toJson().object("perplexity")).isPresent();
        }
        assertThat(Files.exists(output)).isTrue();
    }

    private static TinyGguf convert(TinyModel model, DType type) {
        TinyGguf gguf = new TinyGguf(model, type);
        model.config()
                .object("rope_scaling")
                .ifPresent(
                        scaling -> {
                            if (scaling.string("rope_type").orElseThrow().equals("linear")) {
                                gguf.set("rope.scaling.type", GgufValue.text("linear"));
                                gguf.set("rope.scaling.factor", GgufValue.f32(4));
                            } else {
                                gguf.values.put("rope_freqs.weight", RopeFactors.of(10000));
                                gguf.shapes.put(
                                        "rope_freqs.weight", new long[] {RopeFactors.COUNT});
                            }
                        });
        int rows = gguf.values.get("token_embd.weight").length / TinyModel.HIDDEN;
        while (gguf.pieces.size() < rows) {
            String pad = "[PAD%d]".formatted(gguf.pieces.size());
            gguf.pieces.add(new TinyVocabulary.Piece(pad, -10000, TokenType.UNUSED));
        }
        return gguf;
    }

    private static Verification verify(Path input, Path candidate) {
        try (ModelSource source = ModelSource.open(input, ModelSource.Options.NONE)) {
            VerifyOptions options =
                    VerifyOptions.DEFAULT
                            .withSample(true)
                            .withThreads(1)
                            .withProgress(Progress.NONE);
            return Verifier.verify(source, candidate, options);
        }
    }
}
