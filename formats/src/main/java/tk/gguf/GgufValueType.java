package tk.gguf;

import java.util.Optional;

/** The types a GGUF metadata value can have, with their codes in the file. */
public enum GgufValueType {
    U8(0, 1),
    I8(1, 1),
    U16(2, 2),
    I16(3, 2),
    U32(4, 4),
    I32(5, 4),
    F32(6, 4),
    BOOL(7, 1),
    STRING(8, 8),
    ARRAY(9, 12),
    U64(10, 8),
    I64(11, 8),
    F64(12, 8);

    private final int code;
    private final int smallestSize;

    GgufValueType(int code, int smallestSize) {
        this.code = code;
        this.smallestSize = smallestSize;
    }

    /** The code in the file. */
    public int code() {
        return code;
    }

    /** The fewest bytes such a value takes: what bounds an array's length by the file's size. */
    public int smallestSize() {
        return smallestSize;
    }

    /** The type of this code. */
    public static Optional<GgufValueType> ofCode(int code) {
        for (GgufValueType type : values()) {
            if (type.code == code) return Optional.of(type);
        }
        return Optional.empty();
    }
}
