package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Progress;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UnsafeException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.testing.Shared;
import tk.torch.MetaChecklist.Mismatch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

class MetaReaderTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "meta/llama2_gqa/mp2, meta/llama2_gqa",
        "meta/llama2_gqa/mp8, meta/llama2_gqa",
        "meta/llama2_mha/mp1, meta/llama2_mha",
        "meta/llama2_mha/mp2, meta/llama2_mha",
        "llama3/scaled31/mp2, llama3/scaled31",
    })
    void joinsMetasShards(String shards, String manifest) {
        Path path = Shared.path("fixtures/" + shards);
        assertThat(new MetaReader().recognises(path)).isTrue();
        try (Checkpoint checkpoint = new MetaReader().open(path)) {
            assertThat(Manifest.of(checkpoint))
                    .isEqualTo(
                            Manifest.read(
                                    Shared.path(
                                            "fixtures/"
                                                    + manifest
                                                    + "/manifest_meta_merged.json")));
        }
        assertThat(MetaChecklist.in(path).orElseThrow().verify(Progress.NONE)).isEmpty();
    }

    /** A one-layer model of width 8, cut into shards as Meta cuts it. */
    private void write(int shards, boolean llama3) throws IOException {
        Files.writeString(folder.resolve("params.json"), "{\"dim\": 8, \"n_layers\": 1}");
        for (int shard = 0; shard < shards; shard++) {
            List<Tensor> parts = new ArrayList<>();
            for (Tensor whole : model()) parts.add(part(whole, shard, shards, llama3));
            Samples.write(
                    Samples.checkpoint(parts.toArray(new Tensor[0])),
                    folder.resolve("consolidated.%02d.pth".formatted(shard)));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 0", "1, 3"})
    void refusesAShardThatWasCopiedOverAnother(int from, int to) throws IOException {
        write(4, true);
        Path copied = folder.resolve("consolidated.%02d.pth".formatted(from));
        Path lost = folder.resolve("consolidated.%02d.pth".formatted(to));
        Files.copy(copied, lost, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> new MetaReader().open(folder))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("consolidated.%02d.pth".formatted(Math.max(from, to)))
                .hasMessageContaining("consolidated.%02d.pth".formatted(Math.min(from, to)));
    }

    private static List<Tensor> model() {
        return List.of(
                Samples.random("tok_embeddings.weight", DType.BF16, 16, 8),
                Samples.random("layers.0.attention.wq.weight", DType.BF16, 8, 8),
                Samples.random("layers.0.attention.wk.weight", DType.BF16, 4, 8),
                Samples.random("layers.0.attention.wv.weight", DType.BF16, 4, 8),
                Samples.random("layers.0.attention.wo.weight", DType.BF16, 8, 8),
                Samples.random("layers.0.feed_forward.w1.weight", DType.BF16, 12, 8),
                Samples.random("layers.0.feed_forward.w2.weight", DType.BF16, 8, 12),
                Samples.random("layers.0.feed_forward.w3.weight", DType.BF16, 12, 8),
                Samples.random("layers.0.attention_norm.weight", DType.BF16, 8),
                Samples.random("norm.weight", DType.BF16, 8),
                Samples.random("output.weight", DType.BF16, 16, 8),
                Samples.random("rope.freqs", DType.BF16, 2));
    }

    private static Tensor part(Tensor whole, int shard, int shards, boolean llama3) {
        String name = whole.info().name();
        Shape shape = whole.info().shape();
        if (shape.rank() == 1) return whole;
        boolean beside =
                name.contains("wo.")
                        || name.contains("w2.")
                        || (name.startsWith("tok_") && !llama3);
        long rows = beside ? shape.dim(0) : shape.dim(0) / shards;
        long columns = beside ? shape.dim(1) / shards : shape.dim(1);
        byte[] all = Samples.bytes(whole);
        byte[] bytes = new byte[(int) (rows * columns * 2)];
        for (int r = 0; r < rows; r++) {
            long row = beside ? r : r + shard * rows;
            long column = beside ? shard * columns : 0;
            System.arraycopy(
                    all,
                    (int) (row * shape.dim(1) + column) * 2,
                    bytes,
                    (int) (r * columns * 2),
                    (int) columns * 2);
        }
        return new Samples.Given(
                new TensorInfo(name, whole.info().dtype(), new Shape(rows, columns)), bytes);
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "4, false", "2, true", "4, true"})
    void joinsAnyNumberOfShards(int shards, boolean llama3) throws IOException {
        write(shards, llama3);
        try (Checkpoint joined = new MetaReader().open(folder)) {
            for (Tensor whole : model()) {
                Tensor tensor = joined.tensors().get(whole.info().name());
                assertThat(tensor.info()).isEqualTo(whole.info());
                for (int rows : new int[] {1, 3, 100}) {
                    assertThat(Samples.bytes(tensor, rows))
                            .as(whole.info().name())
                            .isEqualTo(Samples.bytes(whole));
                }
            }
        }
    }

    @Test
    void noticesAMissingShard() throws IOException {
        write(4, false);
        Files.delete(folder.resolve("consolidated.01.pth"));
        assertThatThrownBy(() -> new MetaReader().open(folder))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("01 is missing");
        Files.delete(folder.resolve("consolidated.02.pth"));
        Files.delete(folder.resolve("consolidated.03.pth"));
        assertThatThrownBy(() -> new MetaReader().open(folder))
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e -> assertThat(e.hint()).contains("Shards are missing"));
    }

    @Test
    void refusesMatricesItCannotJoin() throws IOException {
        write(2, false);
        for (int shard = 0; shard < 2; shard++) {
            Samples.write(
                    Samples.checkpoint(
                            Samples.random("layers.0.feed_forward.experts.w1", DType.BF16, 4, 8)),
                    folder.resolve("consolidated.0%d.pth".formatted(shard)));
        }
        assertThatThrownBy(() -> new MetaReader().open(folder))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("`layers.0.feed_forward.experts.w1`");
    }

    @Test
    void theChecklistNamesTheFileThatFails() throws IOException {
        write(2, false);
        Files.writeString(
                folder.resolve("checklist.chk"),
                """
                d41d8cd98f00b204e9800998ecf8427e  empty
                d41d8cd98f00b204e9800998ecf8427e  params.json
                d41d8cd98f00b204e9800998ecf8427e  consolidated.02.pth
                """);
        Files.createFile(folder.resolve("empty"));
        MetaChecklist checklist = MetaChecklist.in(folder).orElseThrow();
        assertThat(checklist.verify(Progress.NONE))
                .extracting(Mismatch::name)
                .containsExactly("params.json", "consolidated.02.pth");
        assertThatThrownBy(() -> checklist.require(Progress.NONE))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("params.json has MD5")
                .hasMessageContaining("2 of 3 files fail");
    }

    @Test
    void theChecklistMayNameFilesThatNoOneNeeds() throws IOException {
        Files.writeString(
                folder.resolve("checklist.chk"),
                """
                d41d8cd98f00b204e9800998ecf8427e  LICENSE

                D41D8CD98F00B204E9800998ECF8427E *./empty
                """);
        Files.createFile(folder.resolve("empty"));
        MetaChecklist.in(folder).orElseThrow().require(Progress.NONE);
    }

    @Test
    void weightsThatTheChecklistNamesMustBeThere() throws IOException {
        Files.writeString(
                folder.resolve("checklist.chk"),
                "d41d8cd98f00b204e9800998ecf8427e  consolidated.00.pth\n");
        MetaChecklist checklist = MetaChecklist.in(folder).orElseThrow();
        assertThatThrownBy(() -> checklist.require(Progress.NONE))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("consolidated.00.pth is missing");
    }

    @Test
    void aLineThatIsNoneIsShownWithItsNumber() throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("checklist.chk"),
                        "\nMD5 (params.json) = d41d8cd98f00b204\n");
        assertThatThrownBy(() -> MetaChecklist.read(file))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining(
                        "line 2: expected an MD5 and a file name, found `MD5 (params");
    }

    @Test
    void headsMayBeWiderThanTheModelTogether() throws IOException {
        Files.writeString(
                folder.resolve("params.json"), "{\"dim\": 8, \"n_heads\": 3, \"head_dim\": 4}");
        Tensor query = Samples.random("layers.0.attention.wq.weight", DType.BF16, 12, 8);
        Path shard = folder.resolve("consolidated.00.pth");
        Samples.write(Samples.checkpoint(query), shard);
        try (Checkpoint joined = new MetaReader().open(folder)) {
            assertThat(joined.tensors()).hasSize(1);
        }
        Files.writeString(
                folder.resolve("params.json"), "{\"dim\": 8, \"n_heads\": 4, \"head_dim\": 4}");
        assertThatThrownBy(() -> new MetaReader().open(folder))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("n_heads times head_dim 16");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "/etc/passwd", "a\\b", ".."})
    void theChecklistNamesNoFileOutsideItsFolder(String name) throws IOException {
        Path file =
                Files.writeString(
                        folder.resolve("checklist.chk"),
                        "d41d8cd98f00b204e9800998ecf8427e  " + name + "\n");
        assertThatThrownBy(() -> MetaChecklist.read(file)).isInstanceOf(UnsafeException.class);
    }
}
