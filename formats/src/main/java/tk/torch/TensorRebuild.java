package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.tensor.Shape;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Global;
import tk.torch.TorchValue.ExoticTensor;
import tk.torch.TorchValue.Storage;
import tk.torch.TorchValue.TensorView;

import java.util.Map;
import java.util.function.Function;

/**
 * The functions of {@code torch._utils} and {@code torch._tensor} that turn storages into tensors.
 *
 * <p>Each checks that the tensor lies within its storage. The kinds that have no plain values
 * (sparse, quantized, lazily conjugated, without data) are kept by description, so that they can be
 * named when they are wanted.
 */
final class TensorRebuild {
    /** By name within {@code torch._utils}. */
    static final Map<String, Function<Arguments, PyValue>> UTILS =
            Map.ofEntries(
                    Map.entry("_rebuild_tensor", TensorRebuild::v1),
                    Map.entry("_rebuild_tensor_v2", TensorRebuild::v2),
                    Map.entry("_rebuild_tensor_v3", TensorRebuild::v3),
                    Map.entry("_rebuild_parameter", TensorRebuild::parameter),
                    Map.entry("_rebuild_parameter_with_state", TensorRebuild::parameter),
                    Map.entry("_rebuild_qtensor", TensorRebuild::quantized),
                    Map.entry("_rebuild_sparse_tensor", TensorRebuild::sparse),
                    Map.entry("_rebuild_sparse_csr_tensor", TensorRebuild::sparse),
                    Map.entry("_rebuild_nested_tensor", a -> opaque("a nested tensor")),
                    Map.entry("_rebuild_wrapper_subclass", a -> opaque("of a tensor subclass")),
                    Map.entry(
                            "_rebuild_device_tensor_from_numpy",
                            a -> opaque("of a device without storages (XLA, Maia)")),
                    Map.entry(
                            "_rebuild_device_tensor_from_cpu_tensor",
                            a -> opaque("of a device without storages (XLA, Maia)")),
                    Map.entry("_rebuild_meta_tensor_no_storage", TensorRebuild::meta));

    private TensorRebuild() {}

    /** {@code (storage, offset, size, stride)}. */
    private static PyValue v1(Arguments a) {
        a.between(4, 4);
        return strided(a, a.storage(0).elements(), null);
    }

    /** {@code (storage, offset, size, stride, requires_grad, hooks[, metadata])}. */
    private static PyValue v2(Arguments a) {
        a.between(4, 7);
        return strided(a, a.storage(0).elements(), a.given(6) ? a.any(6) : null);
    }

    /**
     * {@code (storage, offset, size, stride, requires_grad, hooks, dtype[, metadata])}, for types
     * without a storage class.
     */
    private static PyValue v3(Arguments a) {
        a.between(7, 8);
        TorchType dtype = a.dtype(6);
        if (dtype == null) throw a.wrong(6, "a dtype");
        return strided(a, dtype, a.given(7) ? a.any(7) : null);
    }

    private static PyValue strided(Arguments a, TorchType dtype, @Nullable PyValue metadata) {
        TensorView view = view(a, dtype);
        if (metadata instanceof Dict dict) {
            if (isTrue(dict, "conj")) {
                return new ExoticTensor(
                        dtype, view.size(), "is a lazy conjugate (save it .resolve_conj())");
            }
            if (isTrue(dict, "neg")) {
                return new ExoticTensor(
                        dtype, view.size(), "is a lazy negation (save it .resolve_neg())");
            }
        }
        if (dtype.dtype() == null) {
            return new ExoticTensor(dtype, view.size(), "has the type torch." + dtype.torchName());
        }
        return view;
    }

    private static boolean isTrue(Dict metadata, String key) {
        return metadata.get(key) instanceof PyValue.Bool flag && flag.value();
    }

    private static TensorView view(Arguments a, TorchType dtype) {
        return view(
                a.function(),
                a.storage(0),
                dtype,
                a.integer(1),
                a.integers(2),
                a.integers(3),
                a.at());
    }

    /**
     * A tensor over a storage, checked to lie within it.
     *
     * @param function who asks, for messages
     * @param offset in elements of {@code dtype}, as are the strides
     */
    static TensorView view(
            String function,
            Storage storage,
            TorchType dtype,
            long offset,
            long[] size,
            long[] stride,
            PicklePlace at) {
        at.charge(64);
        if (size.length != stride.length) {
            throw at.malformed(
                    "%s: %d sizes but %d strides".formatted(function, size.length, stride.length));
        }
        if (offset < 0) throw at.malformed("%s: storage offset %d".formatted(function, offset));
        try {
            long last = offset;
            for (int i = 0; i < size.length; i++) {
                if (size[i] < 0 || stride[i] < 0) {
                    throw at.malformed(function + ": a negative size or stride");
                }
                last = Math.addExact(last, Math.multiplyExact(Math.max(0, size[i] - 1), stride[i]));
            }
            long available = storage.bytes() / dtype.bytes();
            if (new Shape(size).elements() > 0 && last >= available) {
                throw at.malformed(
                        "%s: reaches element %d of storage `%s`, which has %d"
                                .formatted(
                                        function,
                                        last,
                                        Spelling.visible(storage.key()),
                                        available));
            }
        } catch (ArithmeticException e) {
            throw at.malformed(function + ": the size overflows 64 bits");
        }
        return new TensorView(storage, dtype, offset, size, stride);
    }

    /** {@code (data, requires_grad, hooks[, state])}: the tensor itself. */
    static PyValue parameter(Arguments a) {
        a.between(1, 4);
        return switch (a.any(0)) {
            case TensorView view -> view;
            case ExoticTensor exotic -> exotic;
            default -> throw a.wrong(0, "a tensor");
        };
    }

    /**
     * {@code torch._tensor._rebuild_from_type_v2(function, type, arguments, state)}: a tensor with
     * attributes of its own, or of a subclass.
     */
    static PyValue fromType(Arguments a) {
        a.between(4, 4);
        if (!(a.any(0) instanceof Global function)
                || !function.module().equals("torch._utils")
                || !UTILS.containsKey(function.name())) {
            throw a.wrong(0, "a function that rebuilds tensors");
        }
        boolean distributed =
                a.any(1) instanceof Global type
                        && DistributedTensor.isType(type.module(), type.name());
        if (distributed && function.name().equals("_rebuild_wrapper_subclass")) {
            return DistributedTensor.rebuild(
                    new Arguments(function.spelled(), a.tuple(2), a.at()), a.any(3));
        }
        return UTILS.get(function.name())
                .apply(new Arguments(function.spelled(), a.tuple(2), a.at()));
    }

    private static PyValue quantized(Arguments a) {
        a.between(5, 7);
        TensorView view = view(a, a.storage(0).elements());
        return new ExoticTensor(view.dtype(), view.size(), "is quantized (save it .dequantize())");
    }

    /**
     * {@code (layout, (indices, values, size[, is_coalesced]))}, or with more parts if compressed.
     */
    private static PyValue sparse(Arguments a) {
        a.between(2, 2);
        TorchType dtype = TorchType.BYTES;
        long[] size = {0};
        for (PyValue part : a.tuple(1).items()) {
            if (part instanceof TensorView view) {
                dtype = view.dtype(); // values come after indices
            } else if (part instanceof PyValue.Tuple) {
                size =
                        new Arguments(
                                        a.function(),
                                        new PyValue.Tuple(java.util.List.of(part)),
                                        a.at())
                                .integers(0);
            }
        }
        return exotic(a, dtype, size, "is sparse (save it .to_dense())");
    }

    /** {@code (dtype, size, stride, requires_grad)}. */
    private static PyValue meta(Arguments a) {
        a.between(3, 4);
        TorchType dtype = a.dtype(0);
        if (dtype == null) throw a.wrong(0, "a dtype");
        return exotic(a, dtype, a.integers(1), "is on the meta device: it has no values");
    }

    private static PyValue exotic(Arguments a, TorchType dtype, long[] size, String reason) {
        try {
            for (long extent : size) {
                if (extent < 0) throw a.malformed("a negative size");
            }
            return new ExoticTensor(dtype, new Shape(size).dims(), reason);
        } catch (ArithmeticException e) {
            throw a.malformed("the size overflows 64 bits");
        }
    }

    private static PyValue opaque(String what) {
        return new ExoticTensor(TorchType.BYTES, new long[] {0}, "is " + what);
    }
}
