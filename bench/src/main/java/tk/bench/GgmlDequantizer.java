package tk.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import tk.tensor.DType;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/** ggml's own {@code dequantize_row_…} in this process, on memory allocated once. */
@SuppressWarnings("restricted") // calling native code is its purpose
final class GgmlDequantizer {
    private final MethodHandle dequantize;
    private final MemorySegment blocks;
    private final MemorySegment values;
    private final long count;

    /** Loads {@code libggml-base.so} from the folder in {@code TK_LLAMACPP_LIB}. */
    GgmlDequantizer(DType type, byte[] blocks, int count) {
        dequantize =
                Linker.nativeLinker()
                        .downcallHandle(
                                GgmlQuantizer.library().findOrThrow(function(type)),
                                FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG));
        this.blocks = Arena.global().allocateFrom(JAVA_BYTE, blocks);
        this.values = Arena.global().allocate(4L * count, 64);
        this.count = count;
    }

    /** {@code dequantize_row_q4_K}, {@code dequantize_row_iq4_nl}. */
    private static String function(DType type) {
        String name = type.name();
        if (name.startsWith("IQ")) return "dequantize_row_" + name.toLowerCase(Locale.ROOT);
        return "dequantize_row_q" + name.substring(1);
    }

    /** Dequantizes the blocks; a copy of the values. */
    float[] values() {
        dequantize();
        return values.toArray(JAVA_FLOAT);
    }

    /** Dequantizes the blocks. */
    MemorySegment dequantize() {
        try {
            dequantize.invokeExact(blocks, values, count);
            return values;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
