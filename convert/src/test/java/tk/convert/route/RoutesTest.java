package tk.convert.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.checkpoint.WritePlan;
import tk.convert.FamilyTables;
import tk.convert.TinyModel;
import tk.convert.gguf.GgufConversion;
import tk.convert.gguf.OutType;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.gguf.GgufWriter;
import tk.hf.ModelConfig;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tokenizer.ChatTemplates;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.SentencePieceWriter;
import tk.tokenizer.TokenType;
import tk.tokenizer.VocabularyConversion.Fidelity;
import tk.torch.TorchWriter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedMap;

/** From a .pt beside a config and a tokenizer to each format and back. */
class RoutesTest {
    @TempDir Path folder;

    private static final Map<String, Object> SETTINGS =
            Map.of("tie_word_embeddings", true, "bos_token_id", 1, "eos_token_id", 2);

    private static void write(WritePlan plan) {
        new PlanWriter(1, Progress.NONE).write(plan, false);
    }

    /** A vocabulary of ten: unknown, begin, end, and seven letters. */
    private static GgufVocabulary vocabulary(int size) {
        List<Token> tokens = new ArrayList<>();
        tokens.add(new Token("<unk>", 0, TokenType.UNKNOWN));
        tokens.add(new Token("<s>", 0, TokenType.CONTROL));
        tokens.add(new Token("</s>", 0, TokenType.CONTROL));
        for (int i = 3; i < size; i++) {
            tokens.add(new Token("" + (char) ('a' + i), -i, TokenType.NORMAL));
        }
        SequencedMap<String, Integer> ids = new LinkedHashMap<>(Map.of("bos", 1));
        ids.put("eos", 2);
        return new GgufVocabulary(
                GgufVocabulary.SPM,
                Optional.of("default"),
                tokens,
                true,
                List.of(),
                ids,
                new LinkedHashMap<>(),
                Optional.empty(),
                new LinkedHashMap<>(),
                ChatTemplates.NONE);
    }

    /** A .pt in Hugging Face's names with a tied head, its config and tokenizer beside it. */
    private Path source(DType type, int pieces) throws IOException {
        Path pt = folder.resolve("ufak-model.pt");
        ModelConfig config = TinyModel.config("LlamaForCausalLM", SETTINGS);
        Random random = new Random(3);
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor tensor :
                TinyModel.tensors(FamilyTables.of("LlamaForCausalLM"), config, name -> name)) {
            tensors.add(
                    TinyModel.random(tensor.info().name(), type, tensor.info().shape(), random));
        }
        tensors.add(RenamedTensor.of("lm_head.weight", tensors.getFirst()));
        write(TorchWriter.plan(new TensorMap(tensors, Map.of(), List.of()), pt));
        Files.writeString(
                folder.resolve("config.json"),
                JsonText.PRETTY.write(config.json().with("dtype", JsonValue.of("float32"))));
        Files.write(
                folder.resolve("tokenizer.model"),
                SentencePieceWriter.write(vocabulary(pieces), pieces));
        return pt;
    }

    private static ModelSource open(Path path) {
        return ModelSource.open(path, ModelSource.Options.NONE);
    }

    private Path toHf(Path from, String name, ConvertOptions options) {
        Path target = folder.resolve(name);
        try (ModelSource source = open(from)) {
            write(ToHf.of(source, options).plan(options, target));
        }
        return target;
    }

    private Path toGguf(Path from, String name, ConvertOptions options) {
        Path target = folder.resolve(name);
        try (ModelSource source = open(from)) {
            GgufConversion made = ToGguf.of(source, options);
            write(GgufWriter.plan(made.metadata(), made.weights(), target));
        }
        return target;
    }

    private Path toPt(Path from, String name, ConvertOptions options) {
        Path target = folder.resolve(name);
        try (ModelSource source = open(from)) {
            write(ToPt.plan(source, options, new ArrayList<>(), target));
        }
        return target;
    }

    private static Map<String, byte[]> weights(Path path) {
        Map<String, byte[]> weights = new LinkedHashMap<>();
        try (ModelSource source = open(path)) {
            source.weights()
                    .tensors()
                    .forEach((name, tensor) -> weights.put(name, TinyModel.bytes(tensor)));
        }
        return weights;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void everyBitComesBackOverEveryFormat(DType type) throws IOException {
        Path pt = source(type, 10);
        Map<String, byte[]> original = weights(pt);
        Path hf = toHf(pt, "hf", ConvertOptions.DEFAULT);
        Path gguf = toGguf(hf, "model.gguf", ConvertOptions.DEFAULT);
        Path back = toHf(gguf, "back", ConvertOptions.DEFAULT);
        Path again = toPt(back, "again.pt", ConvertOptions.DEFAULT);
        assertThat(weights(again)).containsExactlyInAnyOrderEntriesOf(original);
        assertThat(weights(back)).containsExactlyInAnyOrderEntriesOf(weights(hf));
        assertThat(weights(hf)).doesNotContainKey("lm_head.weight");
        try (ModelSource a = open(hf);
                ModelSource b = open(back)) {
            assertThat(b.requireConfig().rope()).isEqualTo(a.requireConfig().rope());
            assertThat(b.requireConfig().tiedEmbeddings()).isTrue();
            assertThat(b.requireConfig().dtype()).isEqualTo(a.requireConfig().dtype());
            assertThat(b.requireConfig().eosTokenIds()).containsExactly(2);
        }
    }

    @Test
    void theDetourOverAFolderMakesTheSameGguf() throws IOException {
        Path pt = source(DType.F32, 10);
        ConvertOptions named = ConvertOptions.DEFAULT.withName("Ufak");
        Path straight = toGguf(pt, "straight.gguf", named.withType(OutType.F16));
        Path over = toGguf(toHf(pt, "hf", named), "over.gguf", named.withType(OutType.F16));
        assertThat(Files.mismatch(straight, over)).isEqualTo(-1);
    }

    @Test
    void theDetourMakesTheSameGgufWhereTheConfigNamesNoSpecialTokens() throws IOException {
        Path pt = source(DType.F32, 10);
        Path config = folder.resolve("config.json");
        JsonObject json = Json.readObject(config);
        Files.writeString(
                config,
                JsonText.PRETTY.write(json.without("bos_token_id").without("eos_token_id")));
        ConvertOptions named = ConvertOptions.DEFAULT.withName("Ufak");
        Path straight = toGguf(pt, "straight.gguf", named);
        Path over = toGguf(toHf(pt, "hf", named), "over.gguf", named);
        assertThat(Files.mismatch(straight, over)).isEqualTo(-1);
        try (GgufFile file = new GgufReader().open(straight)) {
            assertThat(file.gguf().integer("tokenizer.ggml.eos_token_id")).hasValue(2);
        }
    }

    @Test
    void aGgufMadeFromWhatAGgufTellsIsTheSame() throws IOException {
        ConvertOptions named = ConvertOptions.DEFAULT.withName("Ufak");
        Path first = toGguf(source(DType.BF16, 10), "first.gguf", named);
        Path second = toGguf(toHf(first, "hf", named), "second.gguf", named);
        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
    }

    @Test
    void shardsAreOfTheSizeAskedFor() throws IOException {
        ConvertOptions options =
                new ConvertOptions(
                        OutType.BF16,
                        Optional.empty(),
                        tk.convert.KeyMap.NONE,
                        false,
                        Optional.empty(),
                        Fidelity.TO_THE_CONVERTER,
                        java.util.OptionalLong.of(2000),
                        Optional.empty(),
                        Optional.empty());
        Path hf = toHf(source(DType.F32, 10), "hf", options);
        assertThat(hf.resolve("model.safetensors.index.json")).exists();
        try (ModelSource source = open(hf)) {
            assertThat(source.weights().tensors().values())
                    .allMatch(tensor -> tensor.info().dtype() == DType.BF16);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 11})
    void aTokenizerOfAnotherSizeIsToldWithBothNumbers(int pieces) throws IOException {
        Path pt = source(DType.F32, pieces);
        assertThatThrownBy(() -> toGguf(pt, "model.gguf", ConvertOptions.DEFAULT))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("10 rows")
                .hasMessageContaining(Integer.toString(pieces))
                .extracting(e -> ((MalformedException) e).hint())
                .asString()
                .contains("--pad-vocab");
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 11})
    void paddingMakesThemFit(int pieces) throws IOException {
        Path gguf =
                toGguf(source(DType.F32, pieces), "model.gguf", padding(ConvertOptions.DEFAULT));
        int size = Math.max(10, pieces);
        try (ModelSource source = open(gguf)) {
            assertThat(source.weights().tensors().get("token_embd.weight").info().shape())
                    .isEqualTo(new Shape(size, 16));
            assertThat(source.gguf().orElseThrow().strings("tokenizer.ggml.tokens").orElseThrow())
                    .hasSize(size);
        }
    }

    private static ConvertOptions padding(ConvertOptions options) {
        return new ConvertOptions(
                options.type(),
                options.name(),
                options.keyMap(),
                true,
                options.pre(),
                options.fidelity(),
                options.maxShardBytes(),
                options.encoder(),
                options.decoder());
    }

    @Test
    void aVocabularySizeThatTheRowsContradictIsToldToo() throws IOException {
        Path pt = source(DType.F32, 10);
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config).replace("\"vocab_size\": 10", "\"vocab_size\": 12"));
        assertThatThrownBy(() -> toHf(pt, "hf", ConvertOptions.DEFAULT))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("has 10 rows, the config says vocab_size 12");
        Path hf = toHf(pt, "hf", padding(ConvertOptions.DEFAULT));
        try (ModelSource source = open(hf)) {
            assertThat(source.requireConfig().vocabSize()).isEqualTo(10);
        }
    }

    @Test
    void withoutATokenizerThereIsNoGguf() throws IOException {
        Path pt = source(DType.F32, 10);
        Files.delete(folder.resolve("tokenizer.model"));
        assertThatThrownBy(() -> toGguf(pt, "model.gguf", ConvertOptions.DEFAULT))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("tokenizer");
        assertThat(toHf(pt, "hf", ConvertOptions.DEFAULT)).exists();
    }
}
