package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * PyTorch's element types: how a pickle names them, how many bytes an element takes, and which
 * {@link DType} it is, if any.
 *
 * <p>Storages name them by class ({@code torch.HalfStorage}), newer tensors by dtype ({@code
 * torch.float16}); an {@code UntypedStorage} counts bytes. Source: {@code torch/__init__.py},
 * {@code torch/storage.py}.
 */
enum TorchType {
    FLOAT64("Double", 8, DType.F64, "float64", "double"),
    FLOAT32("Float", 4, DType.F32, "float32", "float"),
    FLOAT16("Half", 2, DType.F16, "float16", "half"),
    BFLOAT16("BFloat16", 2, DType.BF16, "bfloat16"),
    INT64("Long", 8, DType.I64, "int64", "long"),
    INT32("Int", 4, DType.I32, "int32", "int"),
    INT16("Short", 2, DType.I16, "int16", "short"),
    INT8("Char", 1, DType.I8, "int8"),
    UINT8("Byte", 1, DType.U8, "uint8"),
    BOOL("Bool", 1, DType.BOOL, "bool"),
    COMPLEX64("ComplexFloat", 8, DType.C64, "complex64", "cfloat"),
    COMPLEX128("ComplexDouble", 16, DType.C128, "complex128", "cdouble"),
    UINT16(null, 2, DType.U16, "uint16"),
    UINT32(null, 4, DType.U32, "uint32"),
    UINT64(null, 8, DType.U64, "uint64"),
    FLOAT8_E4M3FN(null, 1, DType.F8_E4M3, "float8_e4m3fn"),
    FLOAT8_E5M2(null, 1, DType.F8_E5M2, "float8_e5m2"),
    FLOAT8_E4M3FNUZ(null, 1, DType.F8_E4M3FNUZ, "float8_e4m3fnuz"),
    FLOAT8_E5M2FNUZ(null, 1, DType.F8_E5M2FNUZ, "float8_e5m2fnuz"),
    FLOAT8_E8M0FNU(null, 1, DType.F8_E8M0, "float8_e8m0fnu"),
    FLOAT4_E2M1FN_X2(null, 1, null, "float4_e2m1fn_x2"),
    COMPLEX32("ComplexHalf", 4, null, "complex32", "chalf"),
    QINT8("QInt8", 1, null, "qint8"),
    QUINT8("QUInt8", 1, null, "quint8"),
    QINT32("QInt32", 4, null, "qint32"),
    QUINT4X2("QUInt4x2", 1, null, "quint4x2"),
    QUINT2X4("QUInt2x4", 1, null, "quint2x4"),
    /** What an {@code UntypedStorage} counts. */
    BYTES("Untyped", 1, DType.U8, "bytes");

    private static final Map<String, TorchType> BY_CLASS = new HashMap<>();
    private static final Map<String, TorchType> BY_NAME = new HashMap<>();
    private static final Map<DType, TorchType> BY_DTYPE = new HashMap<>();

    static {
        for (TorchType type : values()) {
            if (type.storageClass != null) BY_CLASS.put(type.storageClass, type);
            if (type != BYTES) BY_NAME.put(type.name, type);
            if (type.alias != null) BY_NAME.put(type.alias, type);
            if (type.dtype != null) BY_DTYPE.putIfAbsent(type.dtype, type);
        }
    }

    private final @Nullable String storageClass;
    private final int bytes;
    private final @Nullable DType dtype;
    private final String name;
    private final @Nullable String alias;

    TorchType(@Nullable String storageClass, int bytes, @Nullable DType dtype, String name) {
        this(storageClass, bytes, dtype, name, null);
    }

    TorchType(
            @Nullable String storageClass,
            int bytes,
            @Nullable DType dtype,
            String name,
            @Nullable String alias) {
        this.storageClass = storageClass;
        this.bytes = bytes;
        this.dtype = dtype;
        this.name = name;
        this.alias = alias;
    }

    /** Bytes an element takes. */
    int bytes() {
        return bytes;
    }

    /** The type that tk reads it as, or null where it has none. */
    @Nullable DType dtype() {
        return dtype;
    }

    /**
     * The bytes that are reversed together in a big-endian file: a complex number has two parts.
     */
    int swappedBytes() {
        return switch (this) {
            case COMPLEX32, COMPLEX64, COMPLEX128 -> bytes / 2;
            default -> bytes;
        };
    }

    /** As PyTorch spells it: {@code float16}. */
    String torchName() {
        return name;
    }

    /** The word before {@code Storage} in its storage class, or null where it has none. */
    @Nullable String storageClass() {
        return storageClass;
    }

    /** The type whose storage class is {@code torch.NAME}, such as {@code HalfStorage}. */
    static Optional<TorchType> ofStorageClass(String name) {
        return name.endsWith("Storage")
                ? Optional.ofNullable(BY_CLASS.get(name.substring(0, name.length() - 7)))
                : Optional.empty();
    }

    /** The type whose tensor class was {@code torch.NAME} in old versions: {@code HalfTensor}. */
    static Optional<TorchType> ofTensorClass(String name) {
        return name.endsWith("Tensor")
                ? Optional.ofNullable(BY_CLASS.get(name.substring(0, name.length() - 6)))
                        .filter(type -> type != BYTES)
                : Optional.empty();
    }

    /** The type called {@code torch.NAME}, such as {@code float16}. */
    static Optional<TorchType> ofName(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /** PyTorch's type of that dtype, if it has one. */
    static Optional<TorchType> of(DType dtype) {
        return Optional.ofNullable(BY_DTYPE.get(dtype));
    }
}
