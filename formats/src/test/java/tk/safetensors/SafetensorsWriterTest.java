package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

class SafetensorsWriterTest {
    @TempDir Path folder;

    private Path write(Map<String, String> metadata, Tensor... tensors) {
        Path file = folder.resolve("model.safetensors");
        var plan = SafetensorsWriter.plan(Pattern.checkpoint(tensors), metadata, file);
        new PlanWriter(1, Progress.NONE).write(plan, false);
        return file;
    }

    private static String header(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int length = bytes[0] & 0xff | (bytes[1] & 0xff) << 8;
        assertThat(length % 8).isZero();
        return new String(bytes, 8, length, StandardCharsets.UTF_8);
    }

    @Test
    void ordersByFallingAlignmentThenName() throws IOException {
        Path file =
                write(
                        Map.of("format", "pt"),
                        Pattern.of("c", DType.F16, 2),
                        Pattern.of("b", DType.F32),
                        Pattern.of("a10", DType.F16, 1, 3),
                        Pattern.of("a9", DType.F16, 0),
                        Pattern.of("z", DType.BOOL, 1),
                        Pattern.of("w", DType.I64, 1));
        assertThat(header(file).stripTrailing())
                .isEqualTo(
                        """
                        {"__metadata__":{"format":"pt"},\
                        "w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},\
                        "b":{"dtype":"F32","shape":[],"data_offsets":[8,12]},\
                        "a10":{"dtype":"F16","shape":[1,3],"data_offsets":[12,18]},\
                        "a9":{"dtype":"F16","shape":[0],"data_offsets":[18,18]},\
                        "c":{"dtype":"F16","shape":[2],"data_offsets":[18,22]},\
                        "z":{"dtype":"BOOL","shape":[1],"data_offsets":[22,23]}}""");
        byte[] bytes = Files.readAllBytes(file);
        assertThat(Arrays.copyOfRange(bytes, bytes.length - 23, bytes.length - 15))
                .isEqualTo(Pattern.bytes(Pattern.of("w", DType.I64, 1)));
    }

    @Test
    void ordersNamesByCodePointNotByUtf16Unit() throws IOException {
        Path file =
                write(
                        Map.of(),
                        Pattern.of("\ud83d\ude00", DType.U8, 1),
                        Pattern.of("\uffee", DType.U8, 1));
        assertThat(header(file)).startsWith("{\"\uffee\"");
    }

    @Test
    void escapesNamesAsTheOriginalDoes() throws IOException {
        Path file = write(Map.of(), Pattern.of("é\"\\\n\t\u0001/\u007f\u2028", DType.U8, 1));
        assertThat(header(file)).startsWith("{\"é\\\"\\\\\\n\\t\\u0001/\u007f\u2028\":{");
    }

    @Test
    void writesAnEmptyCheckpoint() throws IOException {
        assertThat(Files.readAllBytes(write(Map.of())))
                .isEqualTo("\b\0\0\0\0\0\0\0{}      ".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void refusesWhatTheFormatCannotHold() {
        assertThatThrownBy(() -> write(Map.of(), Pattern.of("q", DType.Q4_K, 1, 256)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("`q`")
                .hasMessageContaining("Q4_K");
        assertThatThrownBy(() -> write(Map.of(), Pattern.of("__metadata__", DType.U8, 1)))
                .isInstanceOf(UnsupportedException.class);
        assertThatThrownBy(() -> write(Map.of(), Pattern.of("\ud83d", DType.U8, 1)))
                .isInstanceOf(UnsupportedException.class);
    }
}
