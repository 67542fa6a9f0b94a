package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

class FloatRowsTest {
    private static final int ROWS = 40;
    private static final int COLUMNS = 2816;

    private record InMemory(TensorInfo info, byte[] bytes) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long row = info.rowBytes();
            MemorySegment.copy(MemorySegment.ofArray(bytes), first * row, into, 0, count * row);
        }
    }

    private static InMemory tensor(DType type, byte[] bytes) {
        return new InMemory(new TensorInfo("t", type, new Shape(ROWS, COLUMNS)), bytes);
    }

    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void readsAnyRowsOfBlocks(DType type) {
        float[] x = HostileWeights.NORMAL.generate(ROWS * COLUMNS, 3);
        byte[] blocks = new byte[(int) type.byteSize(x.length)];
        BlockCodecs.of(type).quantizeRows(x, 0, ROWS, COLUMNS, null, blocks, 0);
        float[] all = new float[x.length];
        BlockCodecs.of(type).dequantizeRow(blocks, 0, all, 0, x.length);

        float[] some = new float[33 * COLUMNS];
        FloatRows.read(tensor(type, blocks), 5, 33, some);
        assertThat(some).containsExactly(Arrays.copyOfRange(all, 5 * COLUMNS, 38 * COLUMNS));
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16", "F64"})
    void readsScalars(DType type) {
        float[] x = HostileWeights.INTEGERS.generate(ROWS * COLUMNS, 3);
        byte[] bytes = new byte[(int) type.byteSize(x.length)];
        Scalars.narrow(type, x, 0, MemorySegment.ofArray(bytes), 0, x.length);
        float[] some = new float[2 * COLUMNS];
        FloatRows.read(tensor(type, bytes), 38, 2, some);
        assertThat(some).containsExactly(Arrays.copyOfRange(x, 38 * COLUMNS, 40 * COLUMNS));
    }

    @Test
    void namesTheTensorWhoseTypeItCannotRead() {
        InMemory tensor = tensor(DType.I64, new byte[0]);
        assertThatThrownBy(() -> FloatRows.read(tensor, 0, 1, new float[COLUMNS]))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("tensor `t`")
                .hasMessageContaining("I64");
    }
}
