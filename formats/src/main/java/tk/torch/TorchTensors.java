package tk.torch;

import tk.error.MalformedException;
import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.RefusedTensor;
import tk.tensor.Shape;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.torch.NumpyValue.NumpyArray;
import tk.torch.TorchValue.ExoticTensor;
import tk.torch.TorchValue.TensorView;

/** Turns what a pickle describes into tensors that can be read. */
final class TorchTensors {
    /** What a tensor that repeats its elements may expand to: far more than any mask of a model. */
    private static final long MOST_EXPANDED = 1L << 30;

    private final String file;
    private final TorchContainer container;

    TorchTensors(String file, TorchContainer container) {
        this.file = file;
        this.container = container;
    }

    /** The tensor that {@code value} describes, under a name. */
    Tensor tensor(String name, PyValue value) {
        return switch (value) {
            case TensorView view -> tensor(name, view);
            case ExoticTensor exotic ->
                    refused(name, exotic.dtype(), exotic.size(), exotic.reason());
            case NumpyArray array -> NumpyTensor.of(file, name, array);
            default -> throw new IllegalArgumentException(value.type());
        };
    }

    private Tensor tensor(String name, TensorView view) {
        DType dtype = view.dtype().dtype();
        if (dtype == null) throw new IllegalArgumentException(name);
        TensorInfo info = new TensorInfo(name, dtype, new Shape(view.size()));
        FileRegion storage = container.region(view.storage());
        if (storage.length() < view.storage().bytes()) {
            throw new MalformedException(
                    "%s: the storage of tensor `%s` has %d bytes, expected %d"
                            .formatted(file, name, storage.length(), view.storage().bytes()));
        }
        long bytes = info.byteSize();
        if (bytes > MOST_EXPANDED && bytes > storage.length()) {
            return refused(
                    name,
                    view.dtype(),
                    view.size(),
                    "expands %d stored bytes to %d".formatted(storage.length(), bytes));
        }
        int swapped = container.bigEndian() ? view.dtype().swappedBytes() : 1;
        if (bytes > 0 && swapped == 1 && Strides.isContiguous(info.shape(), view.stride())) {
            long offset = storage.offset() + view.offset() * dtype.blockBytes();
            return new StoredTensor(info, new FileRegion(storage.file(), offset, bytes));
        }
        return StridedTensor.of(
                info, new StridedTensor.Stored(storage), view.offset(), view.stride(), swapped);
    }

    private static Tensor refused(String name, TorchType type, long[] size, String reason) {
        DType dtype = type.dtype();
        if (dtype == null) {
            dtype =
                    switch (type) {
                        case QINT8 -> DType.I8;
                        case QINT32 -> DType.I32;
                        case COMPLEX32 -> DType.C64;
                        default -> DType.U8;
                    };
        }
        return new RefusedTensor(new TensorInfo(name, dtype, new Shape(size)), reason);
    }
}
