package tk.verify;

import tk.tensor.DType;

import java.util.Optional;

/** What {@code general.file_type} says of a file: the type most of its matrices have. */
final class FileTypes {
    private FileTypes() {}

    /** The type behind a code of llama.cpp's {@code llama_ftype}; empty for one not known. */
    static Optional<DType> of(long code) {
        return Optional.ofNullable(
                switch ((int) code) {
                    case 0 -> DType.F32;
                    case 1 -> DType.F16;
                    case 2 -> DType.Q4_0;
                    case 3 -> DType.Q4_1;
                    case 7 -> DType.Q8_0;
                    case 8 -> DType.Q5_0;
                    case 9 -> DType.Q5_1;
                    case 10, 21 -> DType.Q2_K;
                    case 11, 12, 13 -> DType.Q3_K;
                    case 14, 15 -> DType.Q4_K;
                    case 16, 17 -> DType.Q5_K;
                    case 18 -> DType.Q6_K;
                    case 25 -> DType.IQ4_NL;
                    case 30 -> DType.IQ4_XS;
                    case 32 -> DType.BF16;
                    default -> null;
                });
    }
}
