package tk.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import tk.tensor.DType;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What of a block changes when a file's byte order does: the numbers of more than one byte. Codes
 * that are bytes stay where they are.
 *
 * @param dtype whose blocks they are
 * @param fields runs of equal numbers within a block, each {@code {offset, width, count}}
 */
record ByteSwap(DType dtype, int[]... fields) {
    /**
     * The swap of a type; empty where ggml defines no layout for a big-endian machine, as for the
     * code words of IQ2_XXS that are written as one type and read as another.
     */
    static Optional<ByteSwap> of(DType dtype) {
        return switch (dtype) {
            case BOOL, U8, I8, F4, F6_E2M3, F6_E3M2, F8_E5M2, F8_E4M3, F8_E8M0 -> fields(dtype);
            case F8_E4M3FNUZ, F8_E5M2FNUZ, MXFP4, NVFP4 -> fields(dtype);
            case U16, I16, F16, BF16 -> fields(dtype, run(0, 2, 1));
            case U32, I32, F32 -> fields(dtype, run(0, 4, 1));
            case U64, I64, F64 -> fields(dtype, run(0, 8, 1));
            case C64 -> fields(dtype, run(0, 4, 2));
            case C128 -> fields(dtype, run(0, 8, 2));
            case Q4_0, Q8_0, Q1_0, Q2_0, IQ4_NL, IQ2_S, IQ3_S -> fields(dtype, run(0, 2, 1));
            case Q4_1, Q8_1, Q4_K, Q5_K, IQ4_XS -> fields(dtype, run(0, 2, 2));
            case Q5_0 -> fields(dtype, run(0, 2, 1), run(2, 4, 1));
            case Q5_1 -> fields(dtype, run(0, 2, 2), run(4, 4, 1));
            case Q2_K -> fields(dtype, run(80, 2, 2));
            case Q3_K -> fields(dtype, run(108, 2, 1));
            case Q6_K -> fields(dtype, run(208, 2, 1));
            case Q8_K -> fields(dtype, run(0, 4, 1), run(260, 2, 16));
            case IQ2_XS -> fields(dtype, run(0, 2, 33));
            case IQ3_XXS -> fields(dtype, run(0, 2, 1), run(66, 4, 8));
            case IQ1_S -> fields(dtype, run(0, 2, 1), run(34, 2, 8));
            case IQ1_M -> fields(dtype, run(48, 2, 4));
            case TQ1_0 -> fields(dtype, run(52, 2, 1));
            case TQ2_0 -> fields(dtype, run(64, 2, 1));
            case IQ2_XXS -> Optional.empty();
            case Q4_0_4_4, Q4_0_4_8, Q4_0_8_8, IQ4_NL_4_4, IQ4_NL_4_8, IQ4_NL_8_8 ->
                    Optional.empty();
        };
    }

    private static Optional<ByteSwap> fields(DType dtype, int[]... fields) {
        return Optional.of(new ByteSwap(dtype, fields));
    }

    private static int[] run(int offset, int width, int count) {
        return new int[] {offset, width, count};
    }

    /** Swaps whole blocks in place. */
    void apply(MemorySegment blocks) {
        for (long at = 0; at < blocks.byteSize(); at += dtype.blockBytes()) {
            for (int[] field : fields) {
                for (int i = 0; i < field[2]; i++) {
                    reverse(blocks, at + field[0] + (long) i * field[1], field[1]);
                }
            }
        }
    }

    private static void reverse(MemorySegment bytes, long from, int width) {
        for (long low = from, high = from + width - 1; low < high; low++, high--) {
            byte swapped = bytes.get(JAVA_BYTE, low);
            bytes.set(JAVA_BYTE, low, bytes.get(JAVA_BYTE, high));
            bytes.set(JAVA_BYTE, high, swapped);
        }
    }
}
