package tk.convert.lora;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * Pieces of rows between their stored type and F32, by way of arrays: loops over arrays alone are
 * what the compiler vectorizes. Not thread-safe.
 */
final class RowValues {
    private final TensorInfo info;
    private final short[] bits;

    /** Pieces of at most {@code length} values of a tensor. */
    RowValues(TensorInfo info, int length) {
        this.info = info;
        this.bits = new short[info.dtype() == DType.F32 ? 0 : length];
    }

    /** Widens {@code n} values, exactly. */
    void widen(MemorySegment rows, long at, float[] into, int n) {
        if (info.dtype() == DType.F32) {
            MemorySegment.copy(rows, Scalars.LE_FLOAT, at, into, 0, n);
            return;
        }
        MemorySegment.copy(rows, Scalars.LE_SHORT, at, bits, 0, n);
        if (info.dtype() == DType.BF16) {
            for (int j = 0; j < n; j++) into[j] = Float.intBitsToFloat(bits[j] << 16);
        } else {
            for (int j = 0; j < n; j++) into[j] = Float.float16ToFloat(bits[j]);
        }
    }

    /**
     * Rounds {@code n} values to nearest, ties to even.
     *
     * @throws UnsupportedException where one is too large for the type
     * @throws MalformedException where one is not finite
     */
    void narrow(float[] from, int n, MemorySegment rows, long at) {
        int largest = 0;
        for (int j = 0; j < n; j++) {
            largest = Math.max(largest, Float.floatToRawIntBits(from[j]) & 0x7fffffff);
        }
        DType type = info.dtype();
        // From half a unit above its largest value on a type has only infinity.
        if (largest
                >= (type == DType.F16 ? 0x477ff000 : type == DType.BF16 ? 0x7f7f8000 : 0x7f800000))
            throw unfit(Float.intBitsToFloat(largest));
        if (type == DType.F32) {
            MemorySegment.copy(from, 0, rows, Scalars.LE_FLOAT, at, n);
            return;
        }
        if (type == DType.BF16) {
            for (int j = 0; j < n; j++) {
                int b = Float.floatToRawIntBits(from[j]);
                bits[j] = (short) ((b + 0x7fff + ((b >>> 16) & 1)) >>> 16);
            }
        } else {
            for (int j = 0; j < n; j++) bits[j] = Float.floatToFloat16(from[j]);
        }
        MemorySegment.copy(bits, 0, rows, Scalars.LE_SHORT, at, n);
    }

    /** Rounds {@code n} values to the type, and leaves them F32. */
    void round(float[] values, int n) {
        if (info.dtype() == DType.F16) {
            for (int j = 0; j < n; j++) {
                values[j] = Float.float16ToFloat(Float.floatToFloat16(values[j]));
            }
        } else if (info.dtype() == DType.BF16) {
            for (int j = 0; j < n; j++) {
                int b = Float.floatToRawIntBits(values[j]);
                values[j] = Float.intBitsToFloat((b + 0x7fff + ((b >>> 16) & 1)) & 0xffff0000);
            }
        }
    }

    private RuntimeException unfit(float value) {
        if (!Float.isFinite(value)) {
            return new MalformedException(
                    "`%s`: a value is %s after the merge, expected a finite number"
                            .formatted(info.name(), value),
                    "The base is damaged, or the scale far too large.");
        }
        return new UnsupportedException(
                "`%s`: after the merge a value of %s does not fit in %s"
                        .formatted(info.name(), value, info.dtype()),
                "Merge into a base of bf16 or f32: tk convert --dtype f32.");
    }
}
