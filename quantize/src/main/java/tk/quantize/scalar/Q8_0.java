package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q8_0: {@code x ≈ d · q}, 8.5 bits a value.
 *
 * <pre>
 * byte  0…1   d   F16
 *       2…33  q   32 signed bytes
 * </pre>
 *
 * {@code d} is the largest magnitude over 127. Importance has no influence.
 */
public final class Q8_0 implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 34;

    @Override
    public void quantize(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        for (int i = 0; i < rows * columns; i += VALUES) {
            quantizeBlock(values, from + i, into, at + i / VALUES * BYTES);
        }
    }

    private static void quantizeBlock(float[] x, int from, byte[] into, int at) {
        float magnitude = 0;
        for (int i = 0; i < VALUES; i++) {
            float ax = Math.abs(x[from + i]);
            if (ax > magnitude) magnitude = ax;
        }
        float d = magnitude / 127;
        // Of the F32 d, although only its F16 is stored.
        float inverse = d != 0 ? 1 / d : 0;
        LittleEndian.putF16(into, at, d);
        for (int i = 0; i < VALUES; i++) {
            into[at + 2 + i] = (byte) Rounding.halfAway(x[from + i] * inverse);
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            for (int j = 0; j < VALUES; j++) into[to + i + j] = blocks[at + 2 + j] * d;
        }
    }
}
