package tk.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.model.ModelSource.Options;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

class ModelSourceTest {
    private static final String LLAMA =
            "{\"model_type\":\"llama\",\"hidden_size\":8,\"num_attention_heads\":2}";
    @TempDir private Path folder;

    private Path weights(String name, Tensor... tensors) {
        return new ModelFiles(folder).weights(name, tensors);
    }

    private Path text(String name, String content) throws IOException {
        return new ModelFiles(folder).text(name, content);
    }

    private ModelSource open(Path path) {
        return ModelSource.open(path, Options.NONE);
    }

    private void index(String name, String... tensorsAndShards) throws IOException {
        StringBuilder map = new StringBuilder();
        for (int i = 0; i < tensorsAndShards.length; i += 2) {
            map.append(i == 0 ? "" : ",")
                    .append(
                            "\"%s\":\"%s\""
                                    .formatted(tensorsAndShards[i], tensorsAndShards[i + 1]));
        }
        text(name, "{\"metadata\":{},\"weight_map\":{" + map + "}}");
    }

    @Test
    void opensAFolderWithEverythingInIt() throws IOException {
        weights("model.safetensors", Pattern.of("a", DType.F32, 2));
        text("config.json", LLAMA);
        text("generation_config.json", "{\"temperature\":0.6}");
        text("tokenizer.model", "not read here");
        text("optimizer.pt", "PK passed over");
        try (ModelSource source = open(folder)) {
            assertThat(source.format()).isEqualTo("safetensors");
            assertThat(source.weights().tensors()).containsOnlyKeys("a");
            assertThat(source.requireConfig().hiddenSize()).isEqualTo(8);
            assertThat(source.generationConfig().orElseThrow().number("temperature")).isPresent();
            assertThat(source.tokenizer().model()).contains(folder.resolve("tokenizer.model"));
            assertThat(source.gguf()).isEmpty();
            assertThat(source.folder()).isEqualTo(folder);
        }
    }

    @Test
    void opensABareFileWithWhatIsNamedElsewhere() throws IOException {
        Path file = weights("best.pt", Pattern.of("a", DType.F32, 2));
        text("other/config.json", LLAMA);
        text("other/tokenizer.json", "{}");
        Path other = folder.resolve("other");
        for (Path config : new Path[] {other, other.resolve("config.json")}) {
            Options options = new Options(Optional.of(config), Optional.empty(), Optional.empty());
            try (ModelSource source = ModelSource.open(file, options)) {
                assertThat(source.requireConfig().heads()).isEqualTo(2);
                assertThat(source.tokenizer().json()).isPresent();
            }
        }
        Options tokenizer =
                new Options(
                        Optional.empty(),
                        Optional.of(other.resolve("tokenizer.json")),
                        Optional.empty());
        try (ModelSource source = ModelSource.open(file, tokenizer)) {
            assertThat(source.tokenizer().json()).contains(other.resolve("tokenizer.json"));
            assertThat(source.config()).isEmpty();
            assertThatThrownBy(source::requireConfig)
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("no config.json");
        }
    }

    /** One file of Meta's names, and the settings that lay beside it in the release. */
    @Test
    void takesMetasSettingsWhereAConfigIsAskedFor() throws IOException {
        Path file =
                weights(
                        "m.pth",
                        Pattern.of("tok_embeddings.weight", DType.F32, 16, 8),
                        Pattern.of("layers.0.feed_forward.w1.weight", DType.F32, 32, 8));
        Path params =
                text(
                        "settings.json",
                        """
                        {"dim": 8, "multiple_of": 32, "n_heads": 2, "n_layers": 1, "norm_eps": 1e-05,
                         "vocab_size": -1}
                        """);
        Options options = new Options(Optional.of(params), Optional.empty(), Optional.empty());
        try (ModelSource source = ModelSource.open(file, options)) {
            assertThat(source.requireConfig().heads()).isEqualTo(2);
            assertThat(source.requireConfig().vocabSize()).isEqualTo(16);
        }
    }

    @Test
    void saysWhatIsMissing() {
        Path nowhere = folder.resolve("nowhere");
        assertThatThrownBy(() -> open(nowhere))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("nowhere: no such file");
        Path file = weights("m.safetensors", Pattern.of("a", DType.F32, 2));
        for (Options options :
                new Options[] {
                    new Options(Optional.of(nowhere), Optional.empty(), Optional.empty()),
                    new Options(Optional.empty(), Optional.of(nowhere), Optional.empty())
                }) {
            assertThatThrownBy(() -> ModelSource.open(file, options))
                    .isInstanceOf(IoException.class)
                    .hasMessageContaining("nowhere: no such file");
        }
        assertThatThrownBy(
                        () ->
                                ModelSource.open(
                                        file,
                                        new Options(
                                                Optional.empty(),
                                                Optional.empty(),
                                                Optional.of("model"))))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--key model");
    }

    @Test
    void opensShardsByTheirIndexByTheIndexItselfAndWithoutOne() throws IOException {
        weights("model-00001-of-00002.safetensors", Pattern.of("a", DType.F32, 2));
        weights("model-00002-of-00002.safetensors", Pattern.of("b", DType.F32, 2));
        try (ModelSource source = open(folder)) {
            assertThat(source.format()).isEqualTo("safetensors (2 shards)");
            assertThat(source.weights().tensors()).containsOnlyKeys("a", "b");
        }
        index(
                "model.safetensors.index.json",
                "a",
                "model-00001-of-00002.safetensors",
                "b",
                "model-00002-of-00002.safetensors");
        for (Path path : new Path[] {folder, folder.resolve("model.safetensors.index.json")}) {
            try (ModelSource source = open(path)) {
                assertThat(source.weights().tensors()).containsOnlyKeys("a", "b");
                assertThat(source.folder()).isEqualTo(folder);
            }
        }
        try (ModelSource one = open(folder.resolve("model-00002-of-00002.safetensors"))) {
            assertThat(one.format()).isEqualTo("safetensors (shard 2 of 2)");
            assertThat(one.weights().tensors()).containsOnlyKeys("b");
        }
    }

    @Test
    void namesShardsThatAreMissing() throws IOException {
        weights("model-00001-of-00003.safetensors", Pattern.of("a", DType.F32, 2));
        weights("model-00003-of-00003.safetensors", Pattern.of("c", DType.F32, 2));
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("2 of 3 shards are there");
        index(
                "model.safetensors.index.json",
                "a",
                "model-00001-of-00003.safetensors",
                "b",
                "model-00002-of-00003.safetensors",
                "c",
                "model-00003-of-00003.safetensors");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("names 3 shards, of which 1 are missing")
                .hasMessageContaining("model-00002-of-00003.safetensors");
    }

    @Test
    void namesGitLfsPointersWhereverTheyAre() throws IOException {
        Path file = text("best.pt", ModelFiles.POINTER);
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("Git-LFS pointer")
                .hasMessageContaining("5,000,000,000");
        assertThatThrownBy(() -> open(folder)).hasMessageContaining("Git-LFS pointer");

        text("model-00001-of-00002.safetensors", ModelFiles.POINTER);
        text("model-00002-of-00002.safetensors", ModelFiles.POINTER);
        index(
                "model.safetensors.index.json",
                "a",
                "model-00001-of-00002.safetensors",
                "b",
                "model-00002-of-00002.safetensors");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("2 of 2 shards are Git-LFS pointers")
                .hasMessageContaining("10,000,000,000");
    }

    @Test
    void namesAPointerBesideSoundWeightsWhenItIsNeeded() throws IOException {
        weights("model.safetensors", Pattern.of("a", DType.F32, 2));
        text("tokenizer.model", ModelFiles.POINTER);
        text("config.json", ModelFiles.POINTER);
        try (ModelSource source = open(folder)) {
            assertThat(source.weights().tensors()).containsOnlyKeys("a");
            assertThatThrownBy(source::tokenizer)
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("tokenizer.model: this is a Git-LFS pointer");
            assertThatThrownBy(source::config)
                    .hasMessageContaining("config.json: this is a Git-LFS pointer");
        }
    }

    @Test
    void takesTheOnlyWeightsByTheirBytesWhateverTheirName() throws IOException {
        weights("epoch-3.ckpt", Pattern.of("a", DType.F32, 2));
        text("notes.txt", "loss went down");
        text("training_args.bin", "\u0080\2}.");
        try (ModelSource source = open(folder)) {
            assertThat(source.weights().tensors()).containsOnlyKeys("a");
        }
        weights("epoch-4.ckpt", Pattern.of("a", DType.F32, 2));
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("2 files of weights: epoch-3.ckpt, epoch-4.ckpt");
    }

    @Test
    void listsWhatAFolderWithoutWeightsHolds() throws IOException {
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("it holds nothing");
        text("notes.txt", "loss went down");
        text("config.json", LLAMA);
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("it holds config.json, notes.txt");
        text("snapshots/abc/pytorch_model.bin", "x");
        assertThatThrownBy(() -> open(folder))
                .hasMessageContaining("snapshots/")
                .satisfies(
                        e ->
                                assertThat(((IoException) e).hint())
                                        .contains("Did you mean")
                                        .contains("abc"));
        text("model.onnx", "\10\7\22\7pytorch\32\0051.13.0");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("ONNX");
    }

    @Test
    void namesADistributedCheckpointAndHowToJoinIt() throws IOException {
        text(".metadata", "\u0080\2}.");
        text("__0_0.distcp", "PK\3\4");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOfSatisfying(
                        UnsupportedException.class,
                        e -> assertThat(e.hint()).contains("dcp_to_torch"))
                .hasMessageContaining("distributed checkpoint");
    }

    @Test
    void tellsAnAdapterFromAModel() throws IOException {
        text("adapter_config.json", "{}");
        weights("adapter_model.safetensors", Pattern.of("a", DType.F32, 2));
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("LoRA adapter")
                .satisfies(
                        e -> assertThat(((UnsupportedException) e).hint()).contains("merge-lora"));
    }

    @Test
    void listsTheWeightsOfAModelItDoesNotConvert() throws IOException {
        weights("model.safetensors", Pattern.of("a", DType.F32, 2));
        text("config.json", "{\"model_type\":\"gpt2\"}");
        try (ModelSource source = open(folder)) {
            assertThat(source.configJson().orElseThrow().string("model_type")).contains("gpt2");
            assertThatThrownBy(source::config)
                    .isInstanceOf(UnsupportedException.class)
                    .hasMessageContaining("gpt2");
        }
    }

    @Test
    void refusesAnIndexThatLeavesItsFolder() throws IOException {
        index("model.safetensors.index.json", "a", "../model.safetensors");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(tk.error.UnsafeException.class)
                .hasMessageContaining("../model.safetensors");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void pointsToFoldersOfLinksAsTheHubsCacheHasThem() throws IOException {
        Path snapshot = Files.createDirectories(folder.resolve("model/snapshots/abc"));
        Path blob = weights("blob", Pattern.of("a", DType.F32, 2));
        Files.createSymbolicLink(snapshot.resolve("model.safetensors"), blob);
        assertThatThrownBy(() -> open(folder.resolve("model")))
                .isInstanceOfSatisfying(
                        IoException.class,
                        e -> {
                            assertThat(e).hasMessageContaining("it holds snapshots/");
                            assertThat(e.hint()).contains("Did you mean " + snapshot);
                        });
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesAPipeInsteadOfWaitingForIt() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        assertThatThrownBy(() -> open(pipe))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("no regular file");
    }
}
