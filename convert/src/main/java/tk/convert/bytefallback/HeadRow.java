package tk.convert.bytefallback;

import tk.tensor.DType;
import tk.tensor.Scalars;

import java.lang.foreign.MemorySegment;

/** The row that all byte tokens share in the head, in whatever type the head has. */
@FunctionalInterface
public interface HeadRow {
    /** The row's bytes in that type. */
    byte[] in(DType type);

    /** A row for heads of float types: a block type takes a quantizer, which this module lacks. */
    static HeadRow ofFloats(float[] values) {
        return type -> {
            byte[] bytes = new byte[Math.toIntExact(type.byteSize(values.length))];
            Scalars.narrow(type, values, 0, MemorySegment.ofArray(bytes), 0, values.length);
            return bytes;
        };
    }
}
