package tk.quantize.vector;

import tk.quantize.scalar.BlockKernel;
import tk.tensor.DType;

import java.util.Optional;
import java.util.function.Supplier;

/** The vector kernel of each type that has one. */
public final class VectorKernels {
    private VectorKernels() {}

    /** Makes kernels of a type, if there are any for this machine. */
    public static Optional<Supplier<BlockKernel>> of(DType type) {
        if (Lanes.COUNT < 4 || Lanes.COUNT > 16) return Optional.empty();
        return Optional.<Supplier<BatchKernel>>ofNullable(
                        switch (type) {
                            case Q4_0 -> VectorQ4_0::new;
                            case Q4_1 -> VectorQ4_1::new;
                            case Q5_0 -> VectorQ5_0::new;
                            case Q5_1 -> VectorQ5_1::new;
                            case Q8_0 -> VectorQ8_0::new;
                            case Q2_K -> VectorQ2_K::new;
                            case Q3_K -> VectorQ3_K::new;
                            case Q4_K -> VectorQ4_K::new;
                            case Q5_K -> VectorQ5_K::new;
                            case Q6_K -> VectorQ6_K::new;
                            case IQ4_NL -> VectorIQ4_NL::new;
                            case IQ4_XS -> VectorIQ4_XS::new;
                            default -> null;
                        })
                .map(kernels -> dequantizing(type, kernels));
    }

    /** Has the kernels dequantize in vectors, too, where these are wide enough. */
    private static Supplier<BlockKernel> dequantizing(DType type, Supplier<BatchKernel> kernels) {
        return () -> kernels.get().with(Dequantizer.of(type).orElse(null));
    }
}
