package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.TensorInfo;

import java.util.Random;

/** Rows gathered from views, against the same picked element by element. */
class StridedTensorTest {
    private static byte[] naive(
            byte[] storage, int elementBytes, long offset, long[] size, long[] stride) {
        Shape shape = new Shape(size);
        byte[] out = new byte[Math.toIntExact(shape.elements() * elementBytes)];
        for (long i = 0; i < shape.elements(); i++) {
            long rest = i;
            long at = offset;
            for (int d = size.length - 1; d >= 0; d--) {
                at += rest % size[d] * stride[d];
                rest /= size[d];
            }
            System.arraycopy(
                    storage,
                    (int) (at * elementBytes),
                    out,
                    (int) (i * elementBytes),
                    elementBytes);
        }
        return out;
    }

    private static void check(
            DType dtype, byte[] storage, long offset, long[] size, long[] stride, long... rows) {
        StridedTensor tensor =
                StridedTensor.of(
                        new TensorInfo("t", dtype, new Shape(size)),
                        new StridedTensor.Memory(storage),
                        offset,
                        stride,
                        1);
        byte[] expected = naive(storage, dtype.blockBytes(), offset, size, stride);
        for (long atATime : rows) {
            assertThat(Samples.bytes(tensor, atATime)).isEqualTo(expected);
        }
    }

    private static byte[] random(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(names = {"U8", "F16", "F32", "F64", "C128"})
    void readsAnyView(DType dtype) {
        Random random = new Random(7);
        byte[] storage = random(11, 4000 * dtype.blockBytes());
        for (int round = 0; round < 300; round++) {
            long[] size = new long[random.nextInt(5)];
            long[] stride = new long[size.length];
            long last = 0;
            for (int d = 0; d < size.length; d++) {
                size[d] = random.nextInt(7);
                stride[d] = random.nextInt(100);
                last += Math.max(0, size[d] - 1) * stride[d];
            }
            long offset = random.nextInt(Math.toIntExact(4000 - last));
            check(dtype, storage, offset, size, stride, 1, 2, 7, 10_000);
        }
    }

    @Test
    void readsViewsFarLargerThanItsBuffer() {
        int rows = 400;
        int columns = 3000;
        byte[] storage = random(5, rows * columns * 4);
        long[] transposed = {columns, rows};
        check(DType.F32, storage, 0, transposed, new long[] {1, columns}, 1, 64, 5000);
        check(DType.F32, storage, 7, new long[] {rows, 5}, new long[] {columns, 1}, 1, 64, 5000);
        check(DType.F32, storage, 3, new long[] {rows, 9}, new long[] {columns, 300}, 1, 64, 5000);
        check(DType.F32, storage, 1, new long[] {3, 2, 150}, new long[] {30, 1, 7999}, 1, 4, 5000);
        check(DType.F32, storage, 0, new long[] {4, 190}, new long[] {1, 5999}, 1, 3, 5000);
        check(DType.F32, storage, 9, new long[] {2, 3, 190}, new long[] {0, 70, 6000}, 1, 3, 5000);
    }

    @Test
    void aStretchIsReadFromTheFirstToTheLastElementAndNotBeyond() {
        byte[] storage = random(3, 40);
        check(DType.F32, storage, 9, new long[] {1, 1}, new long[] {50, 70}, 1);
        check(DType.F32, storage, 1, new long[] {2, 3}, new long[] {5, 1}, 1, 2);
        check(DType.F32, storage, 0, new long[] {3, 4}, new long[] {0, 3}, 1, 2, 3);
    }
}
