package tk.convert.lora;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * Pieces of a tensor's rows between their stored type and F32.
 *
 * @param info of the tensor: F32, F16 or BF16
 */
record RowValues(TensorInfo info) {
    /** Widens {@code n} values, exactly. */
    void widen(MemorySegment rows, long at, float[] into, int n) {
        Scalars.widen(info.dtype(), rows, at, into, 0, n);
    }

    /**
     * Rounds {@code n} values to nearest, ties to even.
     *
     * @throws UnsupportedException where one is too large for the type
     * @throws MalformedException where one is not finite
     */
    void narrow(float[] from, int n, MemorySegment rows, long at) {
        int largest = Scalars.largestMagnitude(from, 0, n);
        DType type = info.dtype();
        // From half a unit above its largest value on a type has only infinity.
        if (largest
                >= (type == DType.F16 ? 0x477ff000 : type == DType.BF16 ? 0x7f7f8000 : 0x7f800000))
            throw unfit(Float.intBitsToFloat(largest));
        Scalars.narrow(type, from, 0, rows, at, n);
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
