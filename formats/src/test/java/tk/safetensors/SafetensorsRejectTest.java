package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.Pattern;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class SafetensorsRejectTest {
    @TempDir Path folder;

    private final SafetensorsReader reader = new SafetensorsReader();

    private Path file(long length, byte[] json, int dataBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes);
        bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(json);
        return Files.write(folder.resolve("x.safetensors"), bytes.array());
    }

    private Path file(String json, int dataBytes) throws IOException {
        byte[] utf8 = json.getBytes(StandardCharsets.UTF_8);
        return file(utf8.length, utf8, dataBytes);
    }

    private void refused(Path file, String... reasons) {
        assertThatThrownBy(() -> reader.open(file).close())
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e -> {
                            assertThat(e.exit()).isEqualTo(3);
                            assertThat(e.getMessage()).contains("x.safetensors");
                            for (String reason : reasons) {
                                assertThat(e.getMessage()).contains(reason);
                            }
                        });
    }

    @Test
    void refusesAFileTooShortForAHeader() throws IOException {
        refused(Files.write(folder.resolve("x.safetensors"), new byte[7]), "7 bytes");
        refused(file(0, new byte[0], 0), "must begin with {");
    }

    @ParameterizedTest
    @CsvSource({
        "100000001, at most 100000000",
        "-1, 18446744073709551615",
        "4611686018427387904, at most",
        "99, only 2 bytes follow"
    })
    void refusesALengthBeyondTheLimitOrTheFile(long length, String reason) throws IOException {
        refused(file(length, "{}".getBytes(StandardCharsets.UTF_8), 0), "byte 0", reason);
    }

    @Test
    void refusesAHeaderThatBeginsWithASpace() throws IOException {
        refused(file(" {}", 0), "byte 8", "begin with {");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "{}{}",
                "{} x",
                "{\"a\":1}",
                "{\"a\":[]}",
                "{'a':1}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},}",
                "{\"__metadata__\":{\"a\":1}}",
                "{\"__metadata__\":[]}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2,2]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2.0],\"data_offsets\":[0,2]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[-2],\"data_offsets\":[0,2]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[\"2\"],\"data_offsets\":[0,2]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":2,\"data_offsets\":[0,2]}}",
                "{\"a\":{\"dtype\":8,\"shape\":[2],\"data_offsets\":[0,2]}}",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,NaN]}}",
            })
    void refusesAHeaderThatIsNotOfTheForm(String json) throws IOException {
        refused(file(json, 2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"f32", "F31", "Q4_K", "", "F32 ", "C128"})
    void refusesAnUnknownDtypeAndListsTheKnown(String dtype) throws IOException {
        refused(
                file(
                        "{\"a\":{\"dtype\":\"%s\",\"shape\":[],\"data_offsets\":[0,4]}}"
                                .formatted(dtype),
                        4),
                "`a`",
                "dtype " + dtype,
                "F8_E5M2FNUZ");
    }

    private static String tensor(String name, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"U8\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, shape, begin, end);
    }

    @Test
    void refusesOverlapsAndHoles() throws IOException {
        String a = tensor("a", "[4]", 0, 4);
        refused(
                file("{" + a + "," + tensor("b", "[4]", 3, 7) + "}", 7),
                "`b` begins at data offset 3, expected 4",
                "1 bytes overlap with `a`");
        refused(
                file("{" + a + "," + tensor("b", "[4]", 6, 10) + "}", 10),
                "2 bytes belong to no tensor after `a`");
        refused(file("{" + tensor("a", "[4]", 4, 8) + "}", 8), "`a` begins at data offset 4");
        refused(file("{" + a + "," + tensor("b", "[4]", 0, 4) + "}", 4), "overlap");
    }

    @Test
    void refusesATensorWhoseOffsetsDisagreeWithItsShape() throws IOException {
        refused(file("{" + tensor("a", "[5]", 0, 4) + "}", 4), "`a`", "5 bytes", "4 apart");
        refused(file("{" + tensor("a", "[4]", 4, 0) + "}", 4), "before its beginning");
        refused(file("{" + tensor("a", "[0]", 0, 4) + "}", 4), "0 bytes");
    }

    @Test
    void refusesSizesThatOverflow() throws IOException {
        refused(
                file("{" + tensor("a", "[4294967296,4294967296]", 0, 0) + "}", 0),
                "`a`",
                "4294967296");
        refused(file("{" + tensor("a", "[9223372036854775808]", 0, 0) + "}", 0), "2^63");
        refused(
                file(
                        "{\"a\":{\"dtype\":\"U64\",\"shape\":[2305843009213693952],"
                                + "\"data_offsets\":[0,0]}}",
                        0),
                "`a`");
    }

    @Test
    void refusesPartsOfBytes() throws IOException {
        refused(
                file("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2),
                "`a`",
                "whole bytes");
    }

    @Test
    void refusesBytesBehindTheLastTensorAndAMissingEnd() throws IOException {
        String json = "{" + tensor("a", "[4]", 0, 4) + "}";
        refused(file(json, 5), "1 bytes follow the last tensor");
        refused(file(json, 3), "take 4 bytes", "ends after 3");
    }

    @Test
    void refusesDuplicateNames() throws IOException {
        String a = tensor("a", "[2]", 0, 2);
        refused(file("{" + a + "," + a + "}", 2), "a");
        refused(file("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0), "k");
        refused(file("{\"__metadata__\":{},\"__metadata__\":{}}", 0), "__metadata__");
    }

    @Test
    void refusesWhatIsNotUtf8() throws IOException {
        byte[] json = "{\"__metadata__\":{\"k\":\"?\"}}".getBytes(StandardCharsets.UTF_8);
        json[json.length - 4] = (byte) 0xff;
        refused(file(json.length, json, 0), "not UTF-8");
    }

    @Test
    void refusesDeepNesting() throws IOException {
        refused(file("{\"a\":" + "[".repeat(100_000), 0));
    }

    @Test
    void holdsNoMoreOfAHeaderThanItsBudget() throws IOException {
        StringBuilder json = new StringBuilder("{\"__metadata__\":{\"0\":\"\"");
        for (int i = 1; i < 300_000; i++) json.append(",\"").append(i).append("\":\"\"");
        Path file = file(json.append("}}").toString(), 0);
        assertThatThrownBy(() -> reader.open(file)).isInstanceOf(UnsupportedException.class);
    }

    @Test
    void saysSoWhereTheFileShrinksWhileItIsRead() throws IOException {
        Path file = file("{" + tensor("a", "[400000]", 0, 400_000) + "}", 400_000);
        try (Checkpoint read = reader.open(file)) {
            try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
                f.setLength(200_000);
            }
            var tensor = Pattern.tensor(read, "a");
            var into = MemorySegment.ofArray(new byte[400_000]);
            assertThatThrownBy(() -> tensor.readRows(0, 1, into))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("shrank");
        }
    }
}
