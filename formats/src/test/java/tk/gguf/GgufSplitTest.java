package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Artifact;
import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.WritePlan;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class GgufSplitTest {
    private static final GgufMetadata METADATA =
            GgufMetadata.builder()
                    .put("general.architecture", GgufValue.text("llama"))
                    .put("general.alignment", GgufValue.u32(64))
                    .build();

    private static final Checkpoint MODEL =
            Pattern.checkpoint(
                    Pattern.of("a", DType.F32, 10),
                    Pattern.of("bb", DType.F32, 5, 5),
                    Pattern.of("large", DType.F16, 100, 3),
                    Pattern.of("c", DType.Q8_0, 1, 32));

    @TempDir Path folder;

    private Artifact split(long size) {
        WritePlan plan = GgufWriter.plan(METADATA, MODEL, folder.resolve("m.v1.gguf"), size);
        return new PlanWriter(2, Progress.NONE).write(plan, false);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void dividesBySizeAndJoinsAgain() throws IOException {
        Artifact artifact = split(140);
        assertThat(names())
                .containsExactly(
                        "m.v1-00001-of-00003.gguf",
                        "m.v1-00002-of-00003.gguf",
                        "m.v1-00003-of-00003.gguf");
        assertThat(artifact.path()).isEqualTo(folder.resolve("m.v1-00001-of-00003.gguf"));
        try (GgufFile read = new GgufReader().open(artifact.path())) {
            assertThat(read.files()).isEqualTo(artifact.files());
            assertThat(read.gguf().values()).isEqualTo(METADATA.values());
            assertThat(read.tensors().sequencedKeySet()).containsExactly("a", "bb", "large", "c");
            for (Tensor tensor : MODEL.tensors().values()) {
                assertThat(Pattern.bytes(Pattern.tensor(read, tensor.info().name())))
                        .isEqualTo(Pattern.bytes(tensor));
            }
        }
    }

    @Test
    void staysOneFileWhereEverythingFits() throws IOException {
        split(1000);
        assertThat(names()).containsExactly("m.v1.gguf");
    }

    @Test
    void refusesWhereAnyPartExists() throws IOException {
        Files.writeString(folder.resolve("m.v1-00002-of-00003.gguf"), "precious");
        assertThatThrownBy(() -> split(140)).isInstanceOf(UsageException.class);
        assertThat(names()).containsExactly("m.v1-00002-of-00003.gguf");
    }

    @Test
    void namesAMissingPart() throws IOException {
        Path first = split(140).path();
        Files.delete(folder.resolve("m.v1-00002-of-00003.gguf"));
        assertThatThrownBy(() -> new GgufReader().open(first))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("m.v1-00002-of-00003.gguf")
                .hasMessageContaining("part 2 of 3");
    }

    @Test
    void asksForTheFirstWhereAnotherIsGiven() {
        Path second = split(140).files().get(1);
        assertThatThrownBy(() -> new GgufReader().open(second))
                .isInstanceOfSatisfying(
                        UsageException.class,
                        e ->
                                assertThat(String.valueOf(e.hint()))
                                        .contains("m.v1-00001-of-00003.gguf"));
    }

    @Test
    void refusesARenamedPart() throws IOException {
        Path first = split(140).path();
        Path renamed = Files.copy(first, folder.resolve("model.gguf"));
        assertThatThrownBy(() -> new GgufReader().open(renamed))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("-00001-of-00003.gguf");
        Path third = folder.resolve("m.v1-00003-of-00003.gguf");
        Files.delete(folder.resolve("m.v1-00002-of-00003.gguf"));
        Files.copy(third, folder.resolve("m.v1-00002-of-00003.gguf"));
        assertThatThrownBy(() -> new GgufReader().open(first))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("split.no is 2, expected 1");
    }

    @Test
    void refusesPartsThatHoldFewerTensorsThanTheFirstSays() throws IOException {
        GgufBytes.header(1, 3)
                .text("split.no")
                .u32(2)
                .u16(0)
                .text("split.count")
                .u32(2)
                .u16(2)
                .text("split.tensors.count")
                .u32(5)
                .u32(3)
                .tensor("a", 24, 0, 1)
                .pad(32)
                .raw(7)
                .write(folder.resolve("x-00001-of-00002.gguf"));
        GgufBytes.header(0, 2)
                .text("split.no")
                .u32(2)
                .u16(1)
                .text("split.count")
                .u32(2)
                .u16(2)
                .write(folder.resolve("x-00002-of-00002.gguf"));
        assertThatThrownBy(() -> new GgufReader().open(folder.resolve("x-00001-of-00002.gguf")))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("split.tensors.count is 3, expected 1");
    }
}
