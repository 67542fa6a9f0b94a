package tk.quantize;

import tk.error.MalformedException;
import tk.tensor.DType;
import tk.tensor.TensorInfo;

/**
 * What llama-quantize checks of the blocks it made: finite F16 scales. A block of values beyond
 * about 65504 times the largest code has an infinite one.
 */
final class BlockCheck {
    private BlockCheck() {}

    /** Refuses blocks with a scale or minimum that is infinite or not a number. */
    static void requireFiniteScales(TensorInfo info, byte[] blocks, long firstRow, int rows) {
        int[] offsets = scaleOffsets(info.dtype());
        int rowBytes = (int) info.rowBytes();
        int blockBytes = info.dtype().blockBytes();
        for (int row = 0; row < rows; row++) {
            for (int at = row * rowBytes; at < (row + 1) * rowBytes; at += blockBytes) {
                for (int offset : offsets) {
                    // The exponent bits, all set in infinities and NaNs, are in the second (higher)
                    // byte.
                    if ((blocks[at + offset + 1] & 0x7c) == 0x7c) {
                        throw new MalformedException(
                                "tensor `%s`: the values of row %d are too large for %s: its F16 scale overflows"
                                        .formatted(info.name(), firstRow + row, info.dtype()),
                                "Keep this tensor in bf16 or f32 with --tensor-type, or look at why it is so large.");
                    }
                }
            }
        }
    }

    private static int[] scaleOffsets(DType type) {
        return switch (type) {
            case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
            default -> new int[0];
        };
    }
}
