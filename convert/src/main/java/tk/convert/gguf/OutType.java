package tk.convert.gguf;

import tk.tensor.DType;

import java.util.Arrays;
import java.util.Optional;

/** The type that a GGUF's matrices get; vectors and norms are always F32. */
public enum OutType {
    /** As in the source; F64 becomes F32. */
    KEEP("keep"),
    F32("f32"),
    F16("f16"),
    BF16("bf16"),
    /** Blocks of 32; F16 where a row is no whole number of them. */
    Q8_0("q8_0");

    private final String option;

    OutType(String option) {
        this.option = option;
    }

    /** As it is spelled on the command line. */
    public String option() {
        return option;
    }

    /** The type of this spelling, without regard to case. */
    public static Optional<OutType> named(String option) {
        return Arrays.stream(values())
                .filter(type -> type.option.equalsIgnoreCase(option))
                .findFirst();
    }

    /** What {@code general.file_type} says of a file whose matrices are of this type. */
    static int fileType(DType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8_0 -> 7;
            case BF16 -> 32;
            default -> throw new IllegalArgumentException(type + " is no output type");
        };
    }
}
