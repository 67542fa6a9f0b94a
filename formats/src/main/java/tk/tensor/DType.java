package tk.tensor;

import java.util.Locale;
import java.util.Optional;

/**
 * What a stored value is: a scalar type of PyTorch and safetensors, or a block type of ggml.
 *
 * <p>A scalar is a block of one value. Types below a byte (F4, F6) are blocks of the fewest values
 * that fill whole bytes. Names are those of safetensors for scalars ({@code F32}, {@code BF16},
 * {@code F8_E4M3}, {@code BOOL}) and those of ggml for blocks ({@code Q4_K}). All stored
 * little-endian.
 */
public enum DType {
    BOOL(1, 1, Kind.BOOLEAN),
    U8(1, 1, Kind.INTEGER),
    I8(1, 1, Kind.INTEGER),
    U16(1, 2, Kind.INTEGER),
    I16(1, 2, Kind.INTEGER),
    U32(1, 4, Kind.INTEGER),
    I32(1, 4, Kind.INTEGER),
    U64(1, 8, Kind.INTEGER),
    I64(1, 8, Kind.INTEGER),
    F4(2, 1, Kind.FLOAT),
    F6_E2M3(4, 3, Kind.FLOAT),
    F6_E3M2(4, 3, Kind.FLOAT),
    F8_E5M2(1, 1, Kind.FLOAT),
    F8_E4M3(1, 1, Kind.FLOAT),
    F8_E8M0(1, 1, Kind.FLOAT),
    F8_E4M3FNUZ(1, 1, Kind.FLOAT),
    F8_E5M2FNUZ(1, 1, Kind.FLOAT),
    F16(1, 2, Kind.FLOAT),
    BF16(1, 2, Kind.FLOAT),
    F32(1, 4, Kind.FLOAT),
    F64(1, 8, Kind.FLOAT),
    C64(1, 8, Kind.COMPLEX),
    C128(1, 16, Kind.COMPLEX),

    Q4_0(32, 2 + 16, Kind.BLOCK),
    Q4_1(32, 2 + 2 + 16, Kind.BLOCK),
    Q5_0(32, 2 + 4 + 16, Kind.BLOCK),
    Q5_1(32, 2 + 2 + 4 + 16, Kind.BLOCK),
    Q8_0(32, 2 + 32, Kind.BLOCK),
    Q8_1(32, 2 + 2 + 32, Kind.BLOCK),
    Q2_K(256, 16 + 64 + 2 + 2, Kind.BLOCK),
    Q3_K(256, 32 + 64 + 12 + 2, Kind.BLOCK),
    Q4_K(256, 2 + 2 + 12 + 128, Kind.BLOCK),
    Q5_K(256, 2 + 2 + 12 + 32 + 128, Kind.BLOCK),
    Q6_K(256, 128 + 64 + 16 + 2, Kind.BLOCK),
    Q8_K(256, 4 + 256 + 32, Kind.BLOCK),
    IQ2_XXS(256, 2 + 64, Kind.BLOCK),
    IQ2_XS(256, 2 + 64 + 8, Kind.BLOCK),
    IQ3_XXS(256, 2 + 96, Kind.BLOCK),
    IQ1_S(256, 2 + 32 + 16, Kind.BLOCK),
    IQ4_NL(32, 2 + 16, Kind.BLOCK),
    IQ3_S(256, 2 + 64 + 8 + 32 + 4, Kind.BLOCK),
    IQ2_S(256, 2 + 64 + 8 + 8, Kind.BLOCK),
    IQ4_XS(256, 2 + 2 + 4 + 128, Kind.BLOCK),
    IQ1_M(256, 32 + 16 + 8, Kind.BLOCK),
    TQ1_0(256, 48 + 4 + 2, Kind.BLOCK),
    TQ2_0(256, 64 + 2, Kind.BLOCK),
    MXFP4(32, 1 + 16, Kind.BLOCK),
    NVFP4(64, 4 + 32, Kind.BLOCK),
    Q1_0(128, 2 + 16, Kind.BLOCK),
    Q2_0(64, 2 + 16, Kind.BLOCK),

    // Rows interleaved for one kind of processor. ggml removed them; such files can still be listed
    // and copied whole.
    Q4_0_4_4(32, 2 + 16, Kind.BLOCK),
    Q4_0_4_8(32, 2 + 16, Kind.BLOCK),
    Q4_0_8_8(32, 2 + 16, Kind.BLOCK),
    IQ4_NL_4_4(32, 2 + 16, Kind.BLOCK),
    IQ4_NL_4_8(32, 2 + 16, Kind.BLOCK),
    IQ4_NL_8_8(32, 2 + 16, Kind.BLOCK);

    private enum Kind {
        BOOLEAN,
        INTEGER,
        FLOAT,
        COMPLEX,
        BLOCK
    }

    private final int blockSize;
    private final int blockBytes;
    private final Kind kind;

    DType(int blockSize, int blockBytes, Kind kind) {
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
        this.kind = kind;
    }

    /** Values in a block: 1 for a scalar of whole bytes. */
    public int blockSize() {
        return blockSize;
    }

    /** Bytes of a block. */
    public int blockBytes() {
        return blockBytes;
    }

    /**
     * Whether this is a ggml block type: values share a scale, so that rows must be whole blocks.
     */
    public boolean isBlock() {
        return kind == Kind.BLOCK;
    }

    /** Whether this is a floating-point scalar. */
    public boolean isFloat() {
        return kind == Kind.FLOAT;
    }

    /** Whether this is an integer scalar; booleans are not. */
    public boolean isInteger() {
        return kind == Kind.INTEGER;
    }

    /** Average bits a value takes. */
    public double bitsPerValue() {
        return 8.0 * blockBytes / blockSize;
    }

    /**
     * Bytes that {@code values} consecutive values of one row take.
     *
     * @throws ArithmeticException where they are no whole number of blocks, or the product
     *     overflows
     */
    public long byteSize(long values) {
        if (values % blockSize != 0) {
            throw new ArithmeticException(
                    values + " values are no whole number of blocks of " + blockSize);
        }
        return Math.multiplyExact(values / blockSize, (long) blockBytes);
    }

    /**
     * Bytes a contiguous tensor of this shape takes.
     *
     * @throws ArithmeticException where a row is no whole number of blocks, or the product
     *     overflows
     */
    public long byteSize(Shape shape) {
        if (isBlock()) {
            return Math.multiplyExact(byteSize(shape.columns()), shape.rows());
        }
        return byteSize(shape.elements());
    }

    /** The type of this name, without regard to case. */
    public static Optional<DType> named(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        for (DType type : values()) {
            if (type.name().equals(upper)) return Optional.of(type);
        }
        return Optional.empty();
    }
}
