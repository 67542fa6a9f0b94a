package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.Pattern;
import tk.tensor.Shape;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class GgufRejectTest {
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    @TempDir Path folder;

    private final GgufReader reader = new GgufReader();

    private void refused(GgufBytes bytes, String... reasons) throws IOException {
        Path file = bytes.write(folder.resolve("x.gguf"));
        assertThatThrownBy(() -> reader.open(file).close())
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e -> {
                            assertThat(e.exit()).isEqualTo(3);
                            assertThat(e.getMessage()).contains("x.gguf: byte ");
                            for (String reason : reasons) {
                                assertThat(e.getMessage()).contains(reason);
                            }
                        });
    }

    /** A file of one I8 tensor of 7 values that is right in every way. */
    private static GgufBytes good() {
        return GgufBytes.header(1, 1)
                .text("k")
                .u32(STRING)
                .text("v")
                .tensor("t", 24, 0, 7)
                .pad(32)
                .raw(1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void refusesAFileCutAnywhere() throws IOException {
        byte[] whole = good().toBytes();
        reader.open(Files.write(folder.resolve("x.gguf"), whole)).close();
        for (int length = 0; length < whole.length; length++) {
            Path file = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> reader.open(file).close())
                    .as("cut at %s", length)
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("cut.gguf: byte ");
        }
    }

    @ParameterizedTest
    @CsvSource({"-1", "9223372036854775807", "1000000000000", "2"})
    void refusesCountsThatTheFileCannotHold(long count) throws IOException {
        String spelled = Long.toUnsignedString(count);
        refused(GgufBytes.header(count, 0).u64(0), "byte 8", "number of tensors", spelled);
        refused(
                GgufBytes.header(0, count).u64(0).u32(0),
                "byte 16",
                "number of metadata values",
                spelled);
        refused(
                GgufBytes.header(0, 1).text("k").u32(ARRAY).u32(STRING).u64(count).u64(0),
                "byte 41",
                "length of the value of `k`",
                spelled);
        refused(
                GgufBytes.header(0, 1).text("k").u32(ARRAY).u32(12).u64(count).u64(0),
                "`k`",
                spelled);
        refused(
                GgufBytes.header(0, 1).text("k").u32(STRING).u64(count).raw(1),
                "byte 37",
                "length of the value of `k`",
                spelled);
        refused(
                GgufBytes.header(0, 1).u64(count == 2 ? 16 : count).u32(0).u32(0),
                "byte 24",
                "key 0");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3, 24, 0xffffffffL})
    void refusesAnAlignmentThatIsNoPowerOfTwo(long alignment) throws IOException {
        refused(
                GgufBytes.header(0, 1).text("general.alignment").u32(4).u32(alignment),
                "general.alignment",
                String.valueOf(alignment),
                "power of two");
    }

    @Test
    void refusesAnAlignmentOfAnotherType() throws IOException {
        refused(
                GgufBytes.header(0, 1).text("general.alignment").u32(10).u64(32),
                "general.alignment is the U64 32");
        refused(
                GgufBytes.header(0, 1).text("general.alignment").u32(STRING).text("32"),
                "general.alignment is of type STRING");
    }

    @Test
    void refusesAnAlignmentBeyondTheFile() throws IOException {
        refused(
                GgufBytes.header(1, 1)
                        .text("general.alignment")
                        .u32(4)
                        .u32(0x80000000L)
                        .tensor("t", 24, 0, 7)
                        .pad(4096),
                "byte 2147483648",
                "`t`");
    }

    @Test
    void refusesDuplicateKeysAndNames() throws IOException {
        refused(
                GgufBytes.header(0, 2).text("k").u32(0).raw(1).text("k").u32(0).raw(1),
                "byte 38",
                "key `k` occurs twice");
        refused(
                GgufBytes.header(2, 0)
                        .tensor("t", 24, 0, 1)
                        .tensor("t", 24, 32, 1)
                        .pad(32)
                        .text("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                "byte 57",
                "tensor name `t` occurs twice");
    }

    @Test
    void refusesAnEmptyKeyAndAnEndlessOne() throws IOException {
        refused(GgufBytes.header(0, 1).text("").u32(0).raw(1, 1), "byte 24", "key 0 is empty");
        refused(
                GgufBytes.header(0, 1).text("k".repeat(65536)).u32(0).raw(1),
                "65536",
                "at most 65535");
    }

    @Test
    void refusesArraysOfArraysAndUnknownTypes() throws IOException {
        refused(
                GgufBytes.header(0, 1).text("k").u32(ARRAY).u32(ARRAY).u64(1).u32(0).u64(0),
                "byte 37",
                "array of arrays");
        refused(GgufBytes.header(0, 1).text("k").u32(13).u64(0), "byte 33", "type 13");
        refused(
                GgufBytes.header(0, 1).text("k").u32(ARRAY).u32(-1).u64(0),
                "byte 37",
                "type 4294967295");
    }

    @Test
    void refusesABooleanThatIsNeither() throws IOException {
        refused(GgufBytes.header(0, 1).text("k").u32(7).raw(2), "byte 37", "boolean 2");
        refused(
                GgufBytes.header(0, 1).text("k").u32(ARRAY).u32(7).u64(2).raw(1, 255),
                "boolean 255");
    }

    @Test
    void refusesTextThatIsNotUtf8() throws IOException {
        refused(
                GgufBytes.header(0, 1).text("k").u32(STRING).u64(2).raw(0xc3, 0x28),
                "byte 37",
                "not valid UTF-8");
        refused(GgufBytes.header(0, 1).u64(1).raw(0xff).u32(0).raw(0), "key 0", "UTF-8");
        refused(
                GgufBytes.header(0, 1)
                        .text("k")
                        .u32(ARRAY)
                        .u32(STRING)
                        .u64(2)
                        .text("ok")
                        .u64(3)
                        .raw(0xed, 0xa0, 0x80),
                "byte 59",
                "string 1 of the value of `k`");
        refused(
                GgufBytes.header(1, 0).u64(1).raw(0x80).u32(0).u32(0).u64(0),
                "the name of tensor 0",
                "UTF-8");
    }

    @Test
    void takesAReplacementCharacterThatIsReallyThere() throws IOException {
        Path file =
                GgufBytes.header(0, 1)
                        .text("k")
                        .u32(STRING)
                        .text("a\ufffdb")
                        .write(folder.resolve("x.gguf"));
        try (GgufFile read = reader.open(file)) {
            assertThat(read.gguf().string("k")).contains("a\ufffdb");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 64, Integer.MAX_VALUE, -1})
    void refusesMoreThanFourDimensions(int rank) throws IOException {
        GgufBytes bytes = GgufBytes.header(1, 0).text("t").u32(rank);
        refused(
                bytes.u64(1).u64(1).u64(1).u64(1).u64(1).u32(0).u64(0),
                "byte 33",
                "`t`",
                Integer.toUnsignedString(rank) + " dimensions");
    }

    @Test
    void refusesExtentsThatOverflow() throws IOException {
        refused(GgufBytes.header(1, 0).tensor("t", 0, 0, -1), "`t`", "18446744073709551615");
        refused(
                GgufBytes.header(1, 0).tensor("t", 0, 0, 1L << 32, 1L << 31),
                "`t`",
                "[2147483648, 4294967296]");
        refused(
                GgufBytes.header(1, 0).tensor("t", 28, 0, 1L << 60).pad(32),
                "`t`",
                "more than 2^63");
        refused(
                GgufBytes.header(1, 0).tensor("t", 0, 0, 1L << 58).pad(32),
                "`t`",
                "1152921504606846976 bytes");
    }

    @Test
    void refusesRowsThatAreNoWholeBlocks() throws IOException {
        refused(
                GgufBytes.header(1, 0).tensor("t", 12, 0, 128, 2).pad(32),
                "`t`",
                "128 values",
                "Q4_K blocks of 256");
    }

    @ParameterizedTest
    @CsvSource({"43, which is no ggml type", "-1, 4294967295", "4, Q4_2", "5, Q4_3"})
    void refusesTypesThatDoNotExist(int type, String reason) throws IOException {
        refused(GgufBytes.header(1, 0).tensor("t", type, 0, 32).pad(32), "`t`", reason);
    }

    @Test
    void refusesOverlapsHolesAndOffsetsBeyondTheEnd() throws IOException {
        refused(two(0), "`b` has offset 0, expected 32");
        refused(two(16), "`b` has offset 16, expected 32");
        refused(two(64), "`b` has offset 64, expected 32");
        refused(two(-32), "18446744073709551584");
        refused(two(1L << 62), "4611686018427387904");
        refused(GgufBytes.header(1, 0).tensor("a", 24, 32, 7).pad(32).u64(0), "`a` has offset 32");
    }

    private static GgufBytes two(long offset) {
        return GgufBytes.header(2, 0)
                .tensor("a", 24, 0, 7)
                .tensor("b", 24, offset, 7)
                .pad(32)
                .u64(0)
                .pad(32)
                .u64(0);
    }

    @Test
    void saysHowManyBytesOfATensorAreMissing() throws IOException {
        refused(
                GgufBytes.header(1, 0).tensor("t", 0, 0, 100, 3).pad(32).u64(0),
                "byte 96",
                "`t` F32 [3, 100] takes 1200 bytes",
                "ends at byte 104");
    }

    @Test
    void refusesAnEmptyTensorBeyondTheEnd() throws IOException {
        refused(
                GgufBytes.header(1, 0).tensor("t", 0, 0, 0).raw(0, 0),
                "byte 64",
                "`t`",
                "ends at byte 59");
    }

    @Test
    void refusesOtherVersionsByName() throws IOException {
        Path one = GgufBytes.header(ByteOrder.LITTLE_ENDIAN, 1, 0, 0).write(folder.resolve("1"));
        assertThatThrownBy(() -> reader.open(one))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("version 1");
        Path four = GgufBytes.header(ByteOrder.BIG_ENDIAN, 4, 0, 0).write(folder.resolve("4"));
        assertThatThrownBy(() -> reader.open(four))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("version 4");
        refused(GgufBytes.header(ByteOrder.LITTLE_ENDIAN, 0, 0, 0), "byte 4", "version is 0");
    }

    @Test
    void refusesWhatIsNoGguf() throws IOException {
        Path file = Files.writeString(folder.resolve("x.gguf"), "GGML and so on");
        assertThat(reader.recognises(file)).isFalse();
        assertThatThrownBy(() -> reader.open(file)).isInstanceOf(MalformedException.class);
    }

    /** Sparse: the file is as large as it says, so only the budget stands against it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 7, 6, STRING})
    void holdsNoMoreOfAHeaderThanItsBudget(int element) throws IOException {
        long count = 200_000_000;
        Path file =
                GgufBytes.header(0, 1)
                        .text("k")
                        .u32(ARRAY)
                        .u32(element)
                        .u64(count)
                        .write(folder.resolve("x.gguf"));
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
            f.setLength(10 * count);
        }
        assertThatThrownBy(() -> reader.open(file))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("memory");
    }

    @Test
    void readsNoMoreTensorsThanItsBudgetAllows() throws IOException {
        Path file = GgufBytes.header(1_000_000_000, 0).write(folder.resolve("x.gguf"));
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
            f.setLength(1L << 36);
        }
        assertThatThrownBy(() -> reader.open(file)).isInstanceOf(UnsupportedException.class);
    }

    @Test
    void takesScalarsEmptyTensorsAndAMissingLastPadding() throws IOException {
        Path file =
                GgufBytes.header(3, 0)
                        .tensor("scalar", 0, 0)
                        .tensor("empty", 0, 32, 0, 5)
                        .tensor("last", 24, 32, 1)
                        .pad(32)
                        .f32(1)
                        .pad(32)
                        .raw(9)
                        .write(folder.resolve("x.gguf"));
        try (GgufFile read = reader.open(file)) {
            assertThat(Pattern.tensor(read, "scalar").info().shape()).isEqualTo(new Shape());
            assertThat(Pattern.bytes(Pattern.tensor(read, "empty"))).isEmpty();
            assertThat(Pattern.bytes(Pattern.tensor(read, "last"))).containsExactly(9);
        }
    }
}
