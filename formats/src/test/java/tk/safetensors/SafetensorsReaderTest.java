package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UnsafeException;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class SafetensorsReaderTest {
    @TempDir Path folder;

    private final SafetensorsReader reader = new SafetensorsReader();

    private Path write(String name, Tensor... tensors) {
        Path file = folder.resolve(name);
        var plan =
                SafetensorsWriter.plan(Pattern.checkpoint(tensors), Map.of("format", "pt"), file);
        new PlanWriter(1, Progress.NONE).write(plan, false);
        return file;
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\":{\"total_size\":1},\"weight_map\":" + weightMap + "}");
    }

    @Test
    void givesBackEveryDtypeOfTheSpecification() {
        Tensor[] tensors =
                SafetensorsTypes.ALL.stream()
                        .map(t -> Pattern.of(t.name(), t, 2, 3 * t.blockSize()))
                        .toArray(Tensor[]::new);
        try (Checkpoint read = reader.open(write("all.safetensors", tensors))) {
            assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(read.tensors()).hasSize(22);
            for (Tensor tensor : tensors) {
                Tensor stored = Pattern.tensor(read, tensor.info().name());
                assertThat(stored.info()).isEqualTo(tensor.info());
                assertThat(Pattern.bytes(stored)).isEqualTo(Pattern.bytes(tensor));
            }
        }
    }

    @Test
    void readsWhatOtherWritersMayWrite() throws IOException {
        String header =
                """
                {"b" : {"data_offsets":[4,8],"shape":[2,1],"dtype":"F16","note":{"x":[1]}},
                 "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, "__metadata__":null}  \n""";
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length() + 8);
        bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length());
        bytes.put(header.getBytes(StandardCharsets.UTF_8)).putInt(7).putInt(9);
        Path file = Files.write(folder.resolve("x.bin"), bytes.array());
        assertThat(reader.recognises(file)).isTrue();
        try (Checkpoint read = reader.open(file)) {
            assertThat(read.tensors().sequencedKeySet()).containsExactly("a", "b");
            assertThat(Pattern.bytes(Pattern.tensor(read, "b"))).containsExactly(9, 0, 0, 0);
            assertThat(read.metadata()).isEmpty();
        }
    }

    /** Three values of four bits are no whole number of bytes, but two such rows are. */
    @Test
    void readsTypesBelowAByteWhoseRowsEndWithinOne() throws IOException {
        Path file = write("f4.safetensors", Pattern.of("x", DType.U8, 3));
        byte[] bytes = Files.readAllBytes(file);
        String header = new String(bytes, 8, bytes.length - 11, StandardCharsets.UTF_8);
        String changed = header.replace("\"U8\",\"shape\":[3]", "\"F4\",\"shape\":[2,3]");
        byte[] json = changed.stripTrailing().getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(8 + json.length + 3).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(json.length).put(json).put(bytes, bytes.length - 3, 3);
        Files.write(file, out.array());
        try (Checkpoint read = reader.open(file)) {
            Tensor tensor = Pattern.tensor(read, "x");
            assertThat(tensor.info().shape()).isEqualTo(new Shape(2, 3));
            assertThat(Pattern.bytes(tensor)).containsExactly(1, 2, 3);
            Path copy = folder.resolve("copy.safetensors");
            new PlanWriter(1, Progress.NONE)
                    .write(SafetensorsWriter.plan(read, read.metadata(), copy), false);
            assertThat(Files.readAllBytes(copy)).endsWith(1, 2, 3);
        }
    }

    @Test
    void joinsTheShardsOfAnIndex() throws IOException {
        write("model-00002-of-00002.safetensors", Pattern.of("a", DType.F32, 2));
        write("model-00001-of-00002.safetensors", Pattern.of("b", DType.F32, 3));
        index(
                """
                {"a":"model-00002-of-00002.safetensors","b":"model-00001-of-00002.safetensors"}""");
        assertThat(reader.recognises(folder)).isTrue();
        try (Checkpoint read = reader.open(folder)) {
            assertThat(read.tensors().sequencedKeySet()).containsExactly("b", "a");
            assertThat(Pattern.bytes(Pattern.tensor(read, "a")))
                    .isEqualTo(Pattern.bytes(Pattern.of("a", DType.F32, 2)));
        }
    }

    @Test
    void takesATensorFromTheShardTheIndexNames() throws IOException {
        write("x.safetensors", Pattern.of("a", DType.F32, 2));
        write("y.safetensors", Pattern.of("a", DType.F32, 5), Pattern.of("b", DType.F32, 1));
        index("{\"a\":\"y.safetensors\",\"b\":\"y.safetensors\",\"c\":\"x.safetensors\"}");
        assertThatThrownBy(() -> reader.open(folder))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("`c`")
                .hasMessageContaining("x.safetensors");
        write("z.safetensors", Pattern.of("c", DType.F32, 1));
        index("{\"a\":\"y.safetensors\",\"b\":\"y.safetensors\",\"c\":\"z.safetensors\"}");
        try (Checkpoint read = reader.open(folder)) {
            assertThat(Pattern.tensor(read, "a").info().shape()).isEqualTo(new Shape(5));
        }
    }

    @Test
    void namesAMissingShard() throws IOException {
        index("{\"a\":\"model-00001-of-00001.safetensors\"}");
        assertThatThrownBy(() -> reader.open(folder))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("model-00001-of-00001.safetensors")
                .hasMessageContaining("model.safetensors.index.json");
    }

    @Test
    void joinsShardsWithoutAnIndexOnlyWhereNoneIsMissing() {
        write("model-00001-of-00002.safetensors", Pattern.of("b", DType.F32, 3));
        write("model-00002-of-00002.safetensors", Pattern.of("a", DType.F32, 2));
        try (Checkpoint read = reader.open(folder)) {
            assertThat(read.tensors()).hasSize(2);
        }
        write("model-00003-of-00004.safetensors", Pattern.of("c", DType.F32, 2));
        assertThatThrownBy(() -> reader.open(folder))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("without an index");
    }

    @Test
    void followsNoPathOutOfTheFolder() throws IOException {
        for (String shard : new String[] {"../x.safetensors", "/etc/passwd", "..", "a\\\\b", ""}) {
            index("{\"a\":\"" + shard + "\"}");
            assertThatThrownBy(() -> reader.open(folder))
                    .as(shard)
                    .isInstanceOf(UnsafeException.class);
        }
    }
}
