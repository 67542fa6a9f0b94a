package tk.quantize;

import tk.error.UnsupportedException;
import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.IQ4_NL;
import tk.quantize.scalar.IQ4_XS;
import tk.quantize.scalar.Q2_K;
import tk.quantize.scalar.Q3_K;
import tk.quantize.scalar.Q4_0;
import tk.quantize.scalar.Q4_1;
import tk.quantize.scalar.Q4_K;
import tk.quantize.scalar.Q5_0;
import tk.quantize.scalar.Q5_1;
import tk.quantize.scalar.Q5_K;
import tk.quantize.scalar.Q6_K;
import tk.quantize.scalar.Q8_0;
import tk.quantize.vector.VectorKernels;
import tk.tensor.DType;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The codec of each block type.
 *
 * <p>Where module {@code jdk.incubator.vector} was added on the command line, vector kernels take
 * over from the scalar ones as soon as they are compiled. The bytes are the same either way.
 */
public final class BlockCodecs {
    private static final Map<DType, BlockCodec> SCALAR = new EnumMap<>(DType.class);
    private static final Map<DType, BlockCodec> VECTOR = new EnumMap<>(DType.class);
    private static final Map<DType, WarmStart> WARM = new EnumMap<>(DType.class);

    static {
        for (DType type : DType.values()) {
            scalarKernels(type).ifPresent(k -> SCALAR.put(type, new KernelCodec(type, k)));
            vectorKernels(type).ifPresent(k -> VECTOR.put(type, new KernelCodec(type, k)));
        }
        VECTOR.forEach((type, vector) -> WARM.put(type, new WarmStart(scalar(type), vector)));
    }

    private BlockCodecs() {}

    /**
     * The codec of a type.
     *
     * @throws UnsupportedException where there is none
     */
    public static BlockCodec of(DType type) {
        return find(type)
                .orElseThrow(
                        () ->
                                new UnsupportedException(
                                        "type " + type + " is not supported",
                                        "Supported block types: " + types() + "."));
    }

    /** The codec of a type, if there is one. */
    public static Optional<BlockCodec> find(DType type) {
        BlockCodec warm = WARM.get(type);
        return Optional.ofNullable(warm == null ? SCALAR.get(type) : warm);
    }

    /** The codec that uses scalar code only: the specification. */
    public static BlockCodec scalar(DType type) {
        return Optional.ofNullable(SCALAR.get(type)).orElseThrow();
    }

    /** The codec that uses vector code from the start, where there is one: slow until warm. */
    public static Optional<BlockCodec> vector(DType type) {
        return Optional.ofNullable(VECTOR.get(type));
    }

    /** The types that have a codec. */
    public static List<DType> types() {
        return Arrays.stream(DType.values()).filter(SCALAR::containsKey).toList();
    }

    /**
     * Announces that so many values of a type will be quantized, with or without importance: where
     * that is much, its vector kernel is warmed up now, in the background.
     */
    static void expect(DType type, boolean weighted, long values) {
        WarmStart warm = WARM.get(type);
        if (warm != null) warm.expect(values, weighted);
    }

    private static Optional<Supplier<BlockKernel>> vectorKernels(DType type) {
        return Kernels.vectors() ? VectorKernels.of(type) : Optional.empty();
    }

    private static Optional<Supplier<BlockKernel>> scalarKernels(DType type) {
        return Optional.ofNullable(
                switch (type) {
                    case Q4_0 -> Q4_0::new;
                    case Q4_1 -> Q4_1::new;
                    case Q5_0 -> Q5_0::new;
                    case Q5_1 -> Q5_1::new;
                    case Q8_0 -> Q8_0::new;
                    case Q2_K -> Q2_K::new;
                    case Q3_K -> Q3_K::new;
                    case Q4_K -> Q4_K::new;
                    case Q5_K -> Q5_K::new;
                    case Q6_K -> Q6_K::new;
                    case IQ4_NL -> IQ4_NL::new;
                    case IQ4_XS -> IQ4_XS::new;
                    default -> null;
                });
    }
}
