package tk.gguf;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The types a tensor of a GGUF file can have, with their codes in the file ({@code enum ggml_type}
 * of ggml.h).
 *
 * <p>The table is explicit: a code is looked up here and never taken as an ordinal.
 */
public enum GgmlType {
    F32(0, DType.F32),
    F16(1, DType.F16),
    Q4_0(2, DType.Q4_0),
    Q4_1(3, DType.Q4_1),
    /** Removed from ggml before GGUF was introduced. */
    Q4_2(4, null),
    /** Removed from ggml before GGUF was introduced. */
    Q4_3(5, null),
    Q5_0(6, DType.Q5_0),
    Q5_1(7, DType.Q5_1),
    Q8_0(8, DType.Q8_0),
    Q8_1(9, DType.Q8_1),
    Q2_K(10, DType.Q2_K),
    Q3_K(11, DType.Q3_K),
    Q4_K(12, DType.Q4_K),
    Q5_K(13, DType.Q5_K),
    Q6_K(14, DType.Q6_K),
    Q8_K(15, DType.Q8_K),
    IQ2_XXS(16, DType.IQ2_XXS),
    IQ2_XS(17, DType.IQ2_XS),
    IQ3_XXS(18, DType.IQ3_XXS),
    IQ1_S(19, DType.IQ1_S),
    IQ4_NL(20, DType.IQ4_NL),
    IQ3_S(21, DType.IQ3_S),
    IQ2_S(22, DType.IQ2_S),
    IQ4_XS(23, DType.IQ4_XS),
    I8(24, DType.I8),
    I16(25, DType.I16),
    I32(26, DType.I32),
    I64(27, DType.I64),
    F64(28, DType.F64),
    IQ1_M(29, DType.IQ1_M),
    BF16(30, DType.BF16),
    /** Removed from ggml: rows of Q4_0 interleaved for one kind of processor. */
    Q4_0_4_4(31, DType.Q4_0_4_4),
    /** Removed from ggml: rows of Q4_0 interleaved for one kind of processor. */
    Q4_0_4_8(32, DType.Q4_0_4_8),
    /** Removed from ggml: rows of Q4_0 interleaved for one kind of processor. */
    Q4_0_8_8(33, DType.Q4_0_8_8),
    TQ1_0(34, DType.TQ1_0),
    TQ2_0(35, DType.TQ2_0),
    /** Removed from ggml: rows of IQ4_NL interleaved for one kind of processor. */
    IQ4_NL_4_4(36, DType.IQ4_NL_4_4),
    /** Removed from ggml: rows of IQ4_NL interleaved for one kind of processor. */
    IQ4_NL_4_8(37, DType.IQ4_NL_4_8),
    /** Removed from ggml: rows of IQ4_NL interleaved for one kind of processor. */
    IQ4_NL_8_8(38, DType.IQ4_NL_8_8),
    MXFP4(39, DType.MXFP4),
    NVFP4(40, DType.NVFP4),
    Q1_0(41, DType.Q1_0),
    Q2_0(42, DType.Q2_0);

    private static final Map<Integer, GgmlType> BY_CODE = new HashMap<>();
    private static final Map<DType, GgmlType> BY_DTYPE = new EnumMap<>(DType.class);

    static {
        for (GgmlType type : values()) {
            BY_CODE.put(type.code, type);
            if (type.dtype != null) BY_DTYPE.put(type.dtype, type);
        }
    }

    private final int code;
    private final @Nullable DType dtype;

    GgmlType(int code, @Nullable DType dtype) {
        this.code = code;
        this.dtype = dtype;
    }

    /** The code in the file. */
    public int code() {
        return code;
    }

    /** How such values are stored; empty for the two types that no GGUF file can hold. */
    public Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** The type of this code. */
    public static Optional<GgmlType> ofCode(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }

    /** The type that stores values of this kind; empty where GGUF has none, as for booleans. */
    public static Optional<GgmlType> of(DType dtype) {
        return Optional.ofNullable(BY_DTYPE.get(dtype));
    }
}
