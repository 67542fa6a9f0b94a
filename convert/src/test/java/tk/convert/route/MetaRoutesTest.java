package tk.convert.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.WritePlan;
import tk.convert.gguf.GgufConversion;
import tk.gguf.GgufWriter;
import tk.hf.ModelConfig;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tensor.Tensor;
import tk.testing.Shared;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Meta's release at every number of shards, against what transformers makes of it. */
class MetaRoutesTest {
    @TempDir Path folder;

    private static void write(WritePlan plan) {
        new PlanWriter(2, Progress.NONE).write(plan, false);
    }

    private Path toHf(Path meta) {
        Path target = folder.resolve("hf");
        try (ModelSource source = ModelSource.open(meta, ModelSource.Options.NONE)) {
            write(ToHf.of(source, ConvertOptions.DEFAULT).plan(ConvertOptions.DEFAULT, target));
        }
        return target;
    }

    private static Map<String, String> hashes(Path path) throws NoSuchAlgorithmException {
        Map<String, String> hashes = new TreeMap<>();
        try (ModelSource source = ModelSource.open(path, ModelSource.Options.NONE)) {
            for (Tensor tensor : source.weights().tensors().values()) {
                byte[] bytes = new byte[Math.toIntExact(tensor.info().byteSize())];
                tensor.readRows(0, tensor.info().shape().rows(), MemorySegment.ofArray(bytes));
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
                hashes.put(
                        tensor.info().name(),
                        tensor.info().dtype()
                                + " "
                                + tensor.info().shape()
                                + " "
                                + HexFormat.of().formatHex(digest));
            }
        }
        return hashes;
    }

    private static Map<String, String> manifest(Path file) {
        Map<String, String> hashes = new TreeMap<>();
        Json.readObject(file)
                .members()
                .forEach(
                        (name, value) -> {
                            JsonObject tensor = (JsonObject) value;
                            long[] dims =
                                    tensor.array("shape").orElseThrow().items().stream()
                                            .mapToLong(
                                                    dim ->
                                                            Long.parseLong(
                                                                    dim.toString()
                                                                            .replaceAll("\\D", "")))
                                            .toArray();
                            hashes.put(
                                    name,
                                    tensor.string("dtype").orElseThrow()
                                            + " "
                                            + new tk.tensor.Shape(dims)
                                            + " "
                                            + tensor.string("sha256").orElseThrow());
                        });
        return hashes;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "meta/llama2_mha/mp1",
                "meta/llama2_mha/mp2",
                "meta/llama2_gqa/mp2",
                "meta/llama2_gqa/mp8",
                "llama3/scaled31/mp2"
            })
    void theTensorsAreThoseThatTransformersMakes(String name) throws NoSuchAlgorithmException {
        Path meta = Shared.path("fixtures/" + name);
        Path hf = toHf(meta);
        assertThat(hashes(hf)).isEqualTo(manifest(meta.resolveSibling("manifest_hf.json")));
        assertThat(settings(hf)).isEqualTo(settings(meta.resolveSibling("hf")));
    }

    private static ModelConfig settings(Path folder) {
        try (ModelSource source = ModelSource.open(folder, ModelSource.Options.NONE)) {
            ModelConfig config = source.requireConfig();
            return new ModelConfig(
                    config.architecture(),
                    config.hiddenSize(),
                    config.layers(),
                    config.heads(),
                    config.kvHeads(),
                    config.headDim(),
                    config.feedForward(),
                    config.normEps(),
                    config.rope(),
                    config.vocabSize(),
                    config.maxPositions(),
                    config.tiedEmbeddings(),
                    config.attentionBias(),
                    config.mlpBias(),
                    config.slidingWindow(),
                    config.bosTokenId(),
                    config.eosTokenIds(),
                    config.padTokenId(),
                    config.dtype(),
                    new JsonObject(new java.util.LinkedHashMap<>()));
        }
    }

    @Test
    void theTokenizersSettingsAreWrittenBeside() {
        Path hf = toHf(Shared.path("fixtures/meta/llama2_gqa/mp2"));
        JsonObject settings = Json.readObject(hf.resolve("tokenizer_config.json"));
        assertThat(settings.bool("add_bos_token")).hasValue(true);
        assertThat(settings.string("eos_token")).hasValue("</s>");
        assertThat(hf.resolve("tokenizer.model")).exists();
        assertThat(hf.resolve("generation_config.json")).exists();
    }

    @Test
    void llama3sRanksBecomeATokenizerJson() {
        Path meta = Shared.path("fixtures/llama3/scaled31/mp2");
        Path hf = toHf(meta);
        assertThat(hf.resolve("tokenizer.model")).doesNotExist();
        JsonObject expected = Json.readObject(meta.resolveSibling("hf").resolve("tokenizer.json"));
        JsonObject made = Json.readObject(hf.resolve("tokenizer.json"));
        for (String part : List.of("added_tokens", "pre_tokenizer", "normalizer")) {
            assertThat(made.get(part)).as(part).isEqualTo(expected.get(part));
        }
        assertThat(made.object("model").orElseThrow().get("vocab"))
                .isEqualTo(expected.object("model").orElseThrow().get("vocab"));
        JsonObject settings = Json.readObject(hf.resolve("tokenizer_config.json"));
        assertThat(settings.string("bos_token")).hasValue("<|begin_of_text|>");
        assertThat(settings.string("tokenizer_class")).hasValue("PreTrainedTokenizerFast");
    }

    @ParameterizedTest
    @ValueSource(strings = {"meta/llama2_gqa/mp8", "meta/llama2_mha/mp2", "llama3/scaled31/mp2"})
    void theDetourOverAFolderMakesTheSameGguf(String name) throws IOException {
        Path meta = Shared.path("fixtures/" + name);
        ConvertOptions named = ConvertOptions.DEFAULT.withName("Llama");
        Path straight = toGguf(meta, "straight.gguf", named);
        Path over = toGguf(toHf(meta), "over.gguf", named);
        assertThat(Files.mismatch(straight, over)).isEqualTo(-1);
    }

    private Path toGguf(Path from, String name, ConvertOptions options) {
        Path target = folder.resolve(name);
        try (ModelSource source = ModelSource.open(from, ModelSource.Options.NONE)) {
            GgufConversion made = ToGguf.of(source, options);
            write(GgufWriter.plan(made.metadata(), made.weights(), target));
        }
        return target;
    }
}
