package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Scalars;
import tk.tensor.Tensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;

class GgufByteOrderTest {
    @TempDir Path folder;

    private Path model(ByteOrder order, int version) throws IOException {
        return GgufBytes.header(order, version, 3, 2)
                .text("general.architecture")
                .u32(8)
                .text("llama")
                .text("ids")
                .u32(9)
                .u32(4)
                .u64(2)
                .u32(1)
                .u32(0x01020304)
                .tensor("f", 0, 0, 2, 2)
                .tensor("h", 1, 32, 3)
                .tensor("q", 8, 64, 32)
                .pad(32)
                .f32(1.5f)
                .f32(-2)
                .f32(3)
                .f32(1e-8f)
                .pad(32)
                .u16(0x3c00)
                .u16(0x1234)
                .u16(0xabcd)
                .pad(32)
                .u16(0x3800)
                .raw(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
                .raw(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
                .write(folder.resolve("m" + version + order.toString().charAt(0) + ".gguf"));
    }

    @Test
    void bothOrdersGiveTheSameValues() throws IOException {
        try (GgufFile little = new GgufReader().open(model(ByteOrder.LITTLE_ENDIAN, 3));
                GgufFile big = new GgufReader().open(model(ByteOrder.BIG_ENDIAN, 3))) {
            assertThat(big.byteOrder()).isEqualTo(ByteOrder.BIG_ENDIAN);
            assertThat(big.gguf().values()).isEqualTo(little.gguf().values());
            for (Tensor tensor : little.tensors().values()) {
                Tensor swapped = Pattern.tensor(big, tensor.info().name());
                assertThat(swapped.info()).isEqualTo(tensor.info());
                assertThat(Pattern.bytes(swapped)).isEqualTo(Pattern.bytes(tensor));
                assertThat(swapped.stored()).isEmpty();
            }
            MemorySegment row = MemorySegment.ofArray(new byte[8]);
            Pattern.tensor(big, "f").readRows(1, 1, row);
            assertThat(row.get(Scalars.LE_FLOAT, 0)).isEqualTo(3f);
        }
    }

    @Test
    void readsVersionTwo() throws IOException {
        for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
            try (GgufFile read = new GgufReader().open(model(order, 2))) {
                assertThat(read.version()).isEqualTo(2);
                assertThat(read.gguf().string("general.architecture")).contains("llama");
            }
        }
    }

    @Test
    void everyFieldLiesWithinItsBlock() {
        for (DType type : DType.values()) {
            ByteSwap.of(type)
                    .ifPresent(
                            swap -> {
                                for (int[] field : swap.fields()) {
                                    assertThat(field[0] + field[1] * field[2])
                                            .as(type.name())
                                            .isLessThanOrEqualTo(type.blockBytes());
                                }
                            });
        }
    }

    @Test
    void swappingTwiceChangesNothing() {
        for (DType type : DType.values()) {
            ByteSwap.of(type)
                    .ifPresent(
                            swap -> {
                                byte[] bytes =
                                        Pattern.bytes(
                                                Pattern.of("t", type, 2, 3 * type.blockSize()));
                                byte[] swapped = bytes.clone();
                                swap.apply(MemorySegment.ofArray(swapped));
                                swap.apply(MemorySegment.ofArray(swapped));
                                assertThat(swapped).isEqualTo(bytes);
                            });
        }
    }

    @Test
    void listsButDoesNotGiveWhatHasNoBigEndianLayout() throws IOException {
        Path file =
                GgufBytes.header(ByteOrder.BIG_ENDIAN, 3, 1, 0)
                        .tensor("odd", 16, 0, 256)
                        .pad(32)
                        .text("x".repeat(58))
                        .write(folder.resolve("odd.gguf"));
        try (GgufFile read = new GgufReader().open(file)) {
            Tensor odd = Pattern.tensor(read, "odd");
            assertThat(odd.info().dtype()).isEqualTo(DType.IQ2_XXS);
            assertThatThrownBy(() -> Pattern.bytes(odd))
                    .isInstanceOf(UnsupportedException.class)
                    .hasMessageContaining("big-endian IQ2_XXS");
        }
    }
}
