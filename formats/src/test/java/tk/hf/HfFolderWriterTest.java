package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.PlannedFile;
import tk.checkpoint.Progress;
import tk.checkpoint.WritePlan;
import tk.error.UsageException;
import tk.hf.HfFolderWriter.Contents;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.model.ModelSource.Options;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Tensor;
import tk.testing.Originals;
import tk.testing.Shared;
import tk.tokenizer.TokenizerFiles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class HfFolderWriterTest {
    @TempDir private Path folder;

    private static ModelConfig config(String members) {
        String json = "{\"model_type\":\"llama\"" + members + "}";
        return ConfigReader.parse(
                (JsonObject) Json.parse(json.getBytes(UTF_8), "config.json"), "config.json");
    }

    private static Contents bare(ModelConfig config) {
        return new Contents(config, Optional.empty(), new LinkedHashMap<>(), false);
    }

    private static Tensor tensor(String name, long bytes) {
        return Pattern.of(name, DType.F32, bytes / 4);
    }

    private List<List<String>> shards(long max, Tensor... tensors) {
        WritePlan plan =
                HfFolderWriter.plan(
                        bare(config("")), Pattern.checkpoint(tensors), max, folder.resolve("out"));
        List<List<String>> shards = new ArrayList<>();
        for (PlannedFile file : plan.files()) {
            if (file.path().toString().endsWith(".safetensors"))
                shards.add(file.tensors().stream().map(t -> t.info().name()).toList());
        }
        return shards;
    }

    @Test
    void fillsShardsInTheModelsOrderAndPutsALargeTensorBeforeTheOneBeingFilled() {
        assertThat(
                        shards(
                                100,
                                tensor("lm_head.weight", 60),
                                tensor("model.norm.weight", 40),
                                tensor("model.layers.0.mlp.up_proj.weight", 120),
                                tensor("model.layers.0.self_attn.q_proj.bias", 4),
                                tensor("model.layers.0.self_attn.q_proj.weight", 60),
                                tensor("model.embed_tokens.weight", 40),
                                tensor("model.layers.10.self_attn.q_proj.weight", 60),
                                tensor("model.layers.2.self_attn.q_proj.weight", 40)))
                .containsExactly(
                        List.of(
                                "model.embed_tokens.weight",
                                "model.layers.0.self_attn.q_proj.weight"),
                        List.of("model.layers.0.mlp.up_proj.weight"),
                        List.of(
                                "model.layers.0.self_attn.q_proj.bias",
                                "model.layers.2.self_attn.q_proj.weight"),
                        List.of("model.layers.10.self_attn.q_proj.weight", "model.norm.weight"),
                        List.of("lm_head.weight"));
    }

    @Test
    void namesShardsAndWritesTheirIndex() throws IOException {
        Path out = folder.resolve("out");
        new PlanWriter(1, Progress.NONE)
                .write(
                        HfFolderWriter.plan(
                                bare(config("")),
                                Pattern.checkpoint(
                                        tensor("model.embed_tokens.weight", 40),
                                        tensor("lm_head.weight", 60)),
                                64,
                                out),
                        false);
        assertThat(Files.readString(out.resolve("model.safetensors.index.json")))
                .isEqualTo(
                        """
                        {
                          "metadata": {
                            "total_parameters": 25,
                            "total_size": 100
                          },
                          "weight_map": {
                            "lm_head.weight": "model-00002-of-00002.safetensors",
                            "model.embed_tokens.weight": "model-00001-of-00002.safetensors"
                          }
                        }
                        """);
        try (ModelSource source = ModelSource.open(out, Options.NONE)) {
            assertThat(source.weights().tensors()).hasSize(2);
            assertThat(source.requireConfig().tiedEmbeddings()).isFalse();
        }
    }

    @Test
    void saysOfTyingWhatIsTrueOfTheTensors() throws IOException {
        for (boolean head : new boolean[] {true, false}) {
            Path out = folder.resolve("out" + head);
            Tensor embedding = tensor("model.embed_tokens.weight", 40);
            Checkpoint weights =
                    head
                            ? Pattern.checkpoint(embedding, tensor("lm_head.weight", 40))
                            : Pattern.checkpoint(embedding);
            new PlanWriter(1, Progress.NONE)
                    .write(
                            HfFolderWriter.plan(
                                    bare(config(",\"tie_word_embeddings\":" + head)),
                                    weights,
                                    1000,
                                    out),
                            false);
            assertThat(ConfigReader.read(out.resolve("config.json")).tiedEmbeddings())
                    .isEqualTo(!head);
        }
    }

    @Test
    void copiesTokenizerFilesUnderTheNamesTheyNeed() throws IOException {
        Path model = Files.writeString(folder.resolve("tr_bpe32k.model"), "pieces");
        var copies = TokenizerCopies.of(TokenizerFiles.NONE.withModel(model));
        Path out = folder.resolve("out");
        new PlanWriter(1, Progress.NONE)
                .write(
                        HfFolderWriter.plan(
                                new Contents(config(""), Optional.empty(), copies, true),
                                Pattern.checkpoint(tensor("model.embed_tokens.weight", 40)),
                                1000,
                                out),
                        false);
        assertThat(out.resolve("tokenizer.model")).hasContent("pieces");
        assertThat(Json.readObject(out.resolve("config.json")).members())
                .containsKeys("rope_theta", "rope_parameters", "torch_dtype", "dtype");
    }

    @Test
    void readsSizesAsTransformersDoes() {
        assertThat(ShardSize.parse("5GB")).isEqualTo(5_000_000_000L);
        assertThat(ShardSize.parse("0.5 kb")).isEqualTo(500);
        assertThat(ShardSize.parse("123")).isEqualTo(123);
        for (String wrong : List.of("", "GB", "0", "-1GB", "5GiB", "1e3", "99999999999999999TB")) {
            assertThatThrownBy(() -> ShardSize.parse(wrong)).isInstanceOf(UsageException.class);
        }
    }

    @Test
    void givesTheTurkishModelItsFolderBack() throws IOException {
        Path pt = Shared.path("fixtures/minitr/turkish_llm_mini.pt");
        Path out = folder.resolve("out");
        try (ModelSource source = ModelSource.open(pt, Options.NONE)) {
            new PlanWriter(1, Progress.NONE)
                    .write(
                            HfFolderWriter.plan(
                                    new Contents(
                                            source.requireConfig(),
                                            source.generationConfig(),
                                            TokenizerCopies.of(source.tokenizer()),
                                            false),
                                    source.weights(),
                                    HfFolderWriter.DEFAULT_MAX_SHARD_SIZE,
                                    out),
                            false);
        }
        assertThat(Files.readString(out.resolve("config.json")))
                .isEqualTo(
                        Files.readString(pt.resolveSibling("config.json"))
                                .replace("5.18.0", ConfigWriter.TRANSFORMERS_VERSION));
        assertThat(
                        Files.mismatch(
                                out.resolve("tokenizer.model"),
                                pt.resolveSibling("tokenizer.model")))
                .isEqualTo(-1);
        try (ModelSource source = ModelSource.open(out, Options.NONE)) {
            assertThat(source.weights().tensors()).doesNotContainKey("lm_head.weight").hasSize(56);
        }
    }

    @Test
    void shardsTheFixtureAsTransformersDid() throws IOException {
        Path original = Shared.path("fixtures/containers/hf_sharded");
        Path out = folder.resolve("out");
        try (ModelSource source =
                ModelSource.open(Shared.path("fixtures/containers/hf_float32"), Options.NONE)) {
            new PlanWriter(1, Progress.NONE)
                    .write(
                            HfFolderWriter.plan(
                                    bare(source.requireConfig()), source.weights(), 93_000, out),
                            false);
        }
        assertSameFiles(original, out);
    }

    private static void assertSameFiles(Path expected, Path actual) throws IOException {
        assertThat(names(actual)).isEqualTo(names(expected));
        for (String name : names(expected)) {
            byte[] right = Files.readAllBytes(expected.resolve(name));
            byte[] ours = Files.readAllBytes(actual.resolve(name));
            if (name.endsWith(".json")) {
                assertThat(new String(ours, UTF_8))
                        .as(name)
                        .isEqualTo(
                                new String(right, UTF_8)
                                        .replace("5.18.0", ConfigWriter.TRANSFORMERS_VERSION));
            } else {
                assertThat(Arrays.mismatch(ours, right)).as(expected + "/" + name).isEqualTo(-1);
            }
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    @Tag("interop")
    void equalsSavePretrainedFileForFile() throws Exception {
        Path script = folder.resolve("save.py");
        Files.writeString(
                script,
                """
                import sys, torch
                from transformers import AutoConfig, AutoModelForCausalLM
                base = dict(hidden_size=32, intermediate_size=80, num_hidden_layers=11,
                            num_attention_heads=4, num_key_value_heads=2, vocab_size=300,
                            max_position_embeddings=64)
                cases = [("llama", dict(tie_word_embeddings=True), torch.float32),
                         ("llama", dict(attention_bias=True, mlp_bias=True), torch.bfloat16),
                         ("mistral", dict(head_dim=16), torch.float16),
                         ("qwen2", dict(tie_word_embeddings=True), torch.bfloat16),
                         ("qwen3", dict(head_dim=16, rope_theta=1000000), torch.float32)]
                for i, (kind, extra, dtype) in enumerate(cases):
                    torch.manual_seed(i)
                    model = AutoModelForCausalLM.from_config(
                        AutoConfig.for_model(kind, **base, **extra)).to(dtype)
                    for name, p in model.named_parameters():
                        if name.endswith("bias"): torch.nn.init.normal_(p)
                    path = f"{sys.argv[1]}/{i}"
                    model.save_pretrained(path + "/whole")
                    torch.save(model.state_dict(), path + "/model.pt")
                    for size in ["10KB", "20KB", "30KB", "57600", "100KB"]:
                        model.save_pretrained(f"{path}/{size}",
                            max_shard_size=int(size) if size.isdigit() else size)
                print(len(cases))
                """);
        for (int i = 0; i < 5; i++) Files.createDirectories(folder.resolve(String.valueOf(i)));
        Originals.run(Originals.python(), script, folder);
        for (int i = 0; i < 5; i++) {
            Path at = folder.resolve(String.valueOf(i));
            Options options =
                    new Options(
                            Optional.of(at.resolve("whole")), Optional.empty(), Optional.empty());
            // The .pt has the model's order and a shared head, the folder is sorted by name.
            for (Path input : List.of(at.resolve("model.pt"), at.resolve("whole"))) {
                try (ModelSource source = ModelSource.open(input, options)) {
                    for (String size : List.of("whole", "10KB", "20KB", "30KB", "57600", "100KB")) {
                        Path out = at.resolve("ours");
                        long max = size.equals("whole") ? 1L << 40 : ShardSize.parse(size);
                        WritePlan plan =
                                HfFolderWriter.plan(
                                        bare(source.requireConfig()), source.weights(), max, out);
                        new PlanWriter(2, Progress.NONE).write(plan, true);
                        assertSameFiles(at.resolve(size), out);
                    }
                }
            }
        }
    }
}
