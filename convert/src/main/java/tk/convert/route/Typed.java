package tk.convert.route;

import tk.checkpoint.TensorMap;
import tk.convert.CastTensor;
import tk.convert.HfModel;
import tk.convert.gguf.OutType;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Gives a model's weights the type that was asked for. */
final class Typed {
    private Typed() {}

    /**
     * The model with its weights in scalars of the type asked for.
     *
     * <p>{@link OutType#KEEP} leaves every tensor as it is, but for two things that come of GGUF:
     * blocks become F32, and the vectors beside matrices of 16 bits, which are F32 there, go back
     * to 16 bits where every one of them came from there, losing nothing.
     */
    static HfModel of(HfModel model, ConvertOptions options, boolean fromGguf) {
        return switch (options.type()) {
            case F32 -> cast(model, DType.F32, options);
            case F16 -> cast(model, DType.F16, options);
            case BF16 -> cast(model, DType.BF16, options);
            case KEEP -> fromGguf ? asBeforeGguf(model, options) : model;
            case Q8_0 ->
                    throw new UsageException(
                            "q8_0 is a type of GGUF's alone", "Choose f32, f16, bf16 or keep.");
        };
    }

    private static HfModel cast(HfModel model, DType type, ConvertOptions options) {
        return mapped(model, tensor -> CastTensor.of(unblocked(tensor, options), type));
    }

    private static HfModel mapped(HfModel model, UnaryOperator<Tensor> change) {
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor tensor : model.weights().tensors().values()) tensors.add(change.apply(tensor));
        return model.with(TensorMap.replacing(model.weights(), tensors));
    }

    private static Tensor unblocked(Tensor tensor, ConvertOptions options) {
        if (!tensor.info().dtype().isBlock()) return tensor;
        return options.decoder()
                .orElseThrow(
                        () ->
                                new UnsupportedException(
                                        "tensor `%s` is %s, which cannot be dequantized here"
                                                .formatted(
                                                        tensor.info().name(),
                                                        tensor.info().dtype())))
                .apply(tensor);
    }

    private static HfModel asBeforeGguf(HfModel model, ConvertOptions options) {
        List<TensorInfo> matrices =
                model.weights().tensors().values().stream()
                        .map(Tensor::info)
                        .filter(info -> info.shape().rank() >= 2)
                        .toList();
        if (matrices.stream().anyMatch(info -> info.dtype().isBlock())) {
            return cast(model, DType.F32, options);
        }
        DType type = matrices.getFirst().dtype();
        boolean narrow =
                matrices.stream().allMatch(info -> info.dtype() == type)
                        && model.weights().tensors().values().stream()
                                .filter(tensor -> tensor.info().shape().rank() < 2)
                                .allMatch(tensor -> survives(tensor, type));
        return narrow ? cast(model, type, options) : model;
    }

    /** Whether every value of a vector is the same after a narrowing and back. */
    private static boolean survives(Tensor tensor, DType type) {
        if (tensor.info().dtype() == type) return true;
        if (tensor.info().dtype() != DType.F32 || !Scalars.canWiden(type)) return false;
        int values = Math.toIntExact(tensor.info().shape().elements());
        float[] before = new float[values];
        float[] after = new float[values];
        try (Scratch wide = Scratch.borrow(4L * values);
                Scratch narrow = Scratch.borrow(type.byteSize(values))) {
            MemorySegment stored = wide.segment();
            tensor.readRows(0, tensor.info().shape().rows(), stored);
            Scalars.widen(DType.F32, stored, 0, before, 0, values);
            Scalars.narrow(type, before, 0, narrow.segment(), 0, values);
            Scalars.widen(type, narrow.segment(), 0, after, 0, values);
        }
        for (int i = 0; i < values; i++) {
            if (Float.floatToRawIntBits(before[i]) != Float.floatToRawIntBits(after[i])) {
                return false;
            }
        }
        return true;
    }
}
