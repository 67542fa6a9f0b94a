package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.Shape;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.torch.NumpyValue.NumpyArray;
import tk.torch.NumpyValue.NumpyType;
import tk.torch.PyValue.Bytes;

/** Numpy arrays as tensors. Their bytes lie within the pickle itself. */
final class NumpyTensor {
    private NumpyTensor() {}

    /** Whether an array holds numbers of a type that tensors have too. */
    static boolean isNumeric(NumpyArray array) {
        return array.data() != null && array.dtype() != null && dtype(array.dtype()) != null;
    }

    private static @Nullable DType dtype(@Nullable NumpyType type) {
        if (type == null) return null;
        return switch (type.code()) {
            case "f2" -> DType.F16;
            case "f4" -> DType.F32;
            case "f8" -> DType.F64;
            case "i1" -> DType.I8;
            case "i2" -> DType.I16;
            case "i4" -> DType.I32;
            case "i8" -> DType.I64;
            case "u1" -> DType.U8;
            case "u2" -> DType.U16;
            case "u4" -> DType.U32;
            case "u8" -> DType.U64;
            case "b1" -> DType.BOOL;
            case "c8" -> DType.C64;
            case "c16" -> DType.C128;
            default ->
                    NumpyRebuild.ML_TYPES.contains(type.code())
                            ? TorchType.ofName(type.code()).map(TorchType::dtype).orElse(null)
                            : null;
        };
    }

    /** The array as a tensor; it must be numeric. */
    static Tensor of(String file, String name, NumpyArray array) {
        DType dtype = dtype(array.dtype());
        Bytes data = array.data();
        if (dtype == null || data == null) throw new IllegalArgumentException(name);
        Shape shape;
        long bytes;
        try {
            shape = new Shape(array.shape());
            bytes = dtype.byteSize(shape);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new MalformedException(
                    "%s: array `%s`: %s".formatted(file, name, e.getMessage()), null, e);
        }
        if (bytes != data.length()) {
            throw new MalformedException(
                    "%s: array `%s` of shape %s takes %d bytes of %s, found %d"
                            .formatted(file, name, shape, bytes, dtype, data.length()));
        }
        int swapped = array.dtype() != null && array.dtype().bigEndian() ? unit(dtype) : 1;
        long[] strides = Strides.contiguous(shape);
        if (array.fortranOrder()) strides = Strides.fortran(shape);
        FileRegion region = data.region();
        TensorInfo info = new TensorInfo(name, dtype, shape);
        if (region == null) {
            return StridedTensor.of(
                    info, new StridedTensor.Memory(data.heap()), 0, strides, swapped);
        }
        if (swapped == 1 && Strides.isContiguous(shape, strides)) {
            return new StoredTensor(info, region);
        }
        return StridedTensor.of(info, new StridedTensor.Stored(region), 0, strides, swapped);
    }

    private static int unit(DType dtype) {
        return dtype == DType.C64 || dtype == DType.C128
                ? dtype.blockBytes() / 2
                : dtype.blockBytes();
    }
}
