package tk.gguf;

import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.SourceFile;
import tk.tensor.TensorInfo;

import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * The header of one GGUF file: everything before the tensors' bytes. In file order:
 *
 * <ol>
 *   <li>{@code GGUF}
 *   <li>[u32] version, 2 or 3; its byte order is the file's
 *   <li>[u64] number of tensors
 *   <li>[u64] number of metadata values
 *   <li>metadata values: [string] key, [u32] type, the value
 *   <li>tensor infos: [string] name, [u32] dimensions (at most 4), [u64] each extent with the
 *       innermost first, [u32] ggml type, [u64] offset from the start of the data
 *   <li>zeros up to a multiple of the alignment; here the data starts
 * </ol>
 *
 * A string is a [u64] length and UTF-8; an array is [u32] element type, [u64] count and elements.
 * The alignment is {@code general.alignment}, 32 where that key is absent. Tensors lie in the order
 * of their infos, each padded to the alignment, without gap or overlap: llama.cpp reads no others.
 *
 * <p>Source: <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">gguf.md</a>.
 *
 * @param version 2 or 3
 * @param order of every number in the file, the tensors' included
 * @param metadata in file order
 * @param alignment a power of two
 * @param dataOffset where the first tensor starts
 * @param tensors by name, in file order
 */
record GgufHeader(
        int version,
        ByteOrder order,
        GgufMetadata metadata,
        long alignment,
        long dataOffset,
        SequencedMap<String, Entry> tensors) {
    static final byte[] MAGIC = {'G', 'G', 'U', 'F'};
    static final String ALIGNMENT_KEY = "general.alignment";
    static final long DEFAULT_ALIGNMENT = 32;
    static final int MAX_DIMS = 4;

    private static final int MAX_KEY = 65535;
    private static final int SMALLEST_VALUE = 8 + 1 + 4 + 1;
    private static final int SMALLEST_TENSOR = 8 + 4 + 4 + 8;

    /** What the objects made for one metadata value, or one tensor, roughly take. */
    private static final int VALUE_MEMORY = 160;

    private static final int TENSOR_MEMORY = 320;

    /**
     * A tensor of the file.
     *
     * @param offset of its first byte from the start of the file
     */
    record Entry(TensorInfo info, long offset) {}

    /** Reads and checks a header. */
    static GgufHeader read(SourceFile file) {
        GgufInput in = new GgufInput(file);
        for (byte expected : MAGIC) {
            if (in.i8("the magic number") != expected) {
                throw in.malformed(0, "not a GGUF file: it does not begin with GGUF");
            }
        }
        int version = readVersion(in, file);
        long tensorCount = in.count("the number of tensors", SMALLEST_TENSOR);
        long valueCount = in.count("the number of metadata values", SMALLEST_VALUE);
        GgufMetadata metadata = readMetadata(in, valueCount);
        long alignment = alignment(in, metadata);
        SequencedMap<String, Entry> infos = readInfos(in, tensorCount);
        long dataOffset = in.position();
        if (!infos.isEmpty()) dataOffset = pad(dataOffset, alignment);
        return new GgufHeader(
                version,
                in.order(),
                metadata,
                alignment,
                dataOffset,
                place(in, file, infos, dataOffset, alignment));
    }

    private static int readVersion(GgufInput in, SourceFile file) {
        in.order(ByteOrder.LITTLE_ENDIAN);
        int version = in.i32("the version");
        if ((version & 0xffff) == 0 && version != 0) {
            in.order(ByteOrder.BIG_ENDIAN);
            version = Integer.reverseBytes(version);
        }
        if (version == 0) throw in.malformed(4, "the version is 0, expected 2 or 3");
        if (version != 2 && version != 3) {
            throw new UnsupportedException(
                    "%s: GGUF version %s, expected 2 or 3"
                            .formatted(file, Integer.toUnsignedString(version)),
                    version == 1
                            ? "Version 1 was in use for some days of August 2023; convert the model"
                                    + " again from its source."
                            : "A newer tk may read it.");
        }
        return version;
    }

    private static GgufMetadata readMetadata(GgufInput in, long count) {
        in.spend(count * VALUE_MEMORY);
        SequencedMap<String, GgufValue> values = new LinkedHashMap<>();
        for (long i = 0; i < count; i++) {
            long at = in.position();
            String key = in.text("key " + i);
            if (key.isEmpty()) throw in.malformed(at, "key %s is empty".formatted(i));
            if (key.length() > MAX_KEY) {
                throw in.malformed(
                        at,
                        "key %s has %s characters, expected at most %s"
                                .formatted(i, key.length(), MAX_KEY));
            }
            if (values.putLast(key, GgufValues.read(in, key)) != null) {
                throw in.malformed(at, "key `%s` occurs twice".formatted(key));
            }
        }
        return new GgufMetadata(values);
    }

    private static long alignment(GgufInput in, GgufMetadata metadata) {
        return switch (metadata.values().get(ALIGNMENT_KEY)) {
            case null -> DEFAULT_ALIGNMENT;
            case GgufValue.Whole(GgufValueType type, long value)
                    when type == GgufValueType.U32 && Long.bitCount(value) == 1 ->
                    value;
            case GgufValue value ->
                    throw in.malformed(
                            in.position(),
                            "%s is %s, expected a U32 that is a power of two"
                                    .formatted(ALIGNMENT_KEY, describe(value)));
        };
    }

    static String describe(GgufValue value) {
        return value instanceof GgufValue.Whole(GgufValueType type, long number)
                ? "the %s %s".formatted(type, number)
                : "of type " + value.type();
    }

    /** The infos; an entry's offset is still relative to the data. */
    private static SequencedMap<String, Entry> readInfos(GgufInput in, long count) {
        in.spend(count * TENSOR_MEMORY);
        SequencedMap<String, Entry> infos = new LinkedHashMap<>();
        for (long i = 0; i < count; i++) {
            long at = in.position();
            String name = in.text("the name of tensor " + i);
            Shape shape = readShape(in, name);
            DType dtype = readType(in, name);
            long offset = in.i64("the offset of tensor `" + name + "`");
            if (dtype.isBlock() && shape.columns() % dtype.blockSize() != 0) {
                throw in.malformed(
                        at,
                        "tensor `%s`: a row of %s values is no whole number of %s blocks of %s"
                                .formatted(name, shape.columns(), dtype, dtype.blockSize()));
            }
            Entry entry = new Entry(new TensorInfo(name, dtype, shape), offset);
            if (infos.putLast(name, entry) != null) {
                throw in.malformed(at, "tensor name `%s` occurs twice".formatted(name));
            }
        }
        return infos;
    }

    private static Shape readShape(GgufInput in, String name) {
        long at = in.position();
        int rank = in.i32("the number of dimensions of tensor `" + name + "`");
        if (rank < 0 || rank > MAX_DIMS) {
            throw in.malformed(
                    at,
                    "tensor `%s` has %s dimensions, expected at most %s"
                            .formatted(name, Integer.toUnsignedString(rank), MAX_DIMS));
        }
        long[] dims = new long[rank];
        for (int axis = rank - 1; axis >= 0; axis--) {
            long extentAt = in.position();
            dims[axis] = in.i64("the extents of tensor `" + name + "`");
            if (dims[axis] < 0) {
                throw in.malformed(
                        extentAt,
                        "tensor `%s` has an extent of %s"
                                .formatted(name, Long.toUnsignedString(dims[axis])));
            }
        }
        try {
            return new Shape(dims);
        } catch (ArithmeticException e) {
            throw in.malformed(
                    at,
                    "tensor `%s`: the extents %s make more than 2^63 bytes, at 16 a value"
                            .formatted(name, Arrays.toString(dims)));
        }
    }

    private static DType readType(GgufInput in, String name) {
        long at = in.position();
        int code = in.i32("the type of tensor `" + name + "`");
        GgmlType type =
                GgmlType.ofCode(code)
                        .orElseThrow(
                                () ->
                                        in.malformed(
                                                at,
                                                "tensor `%s` has type %s, which is no ggml type"
                                                        .formatted(
                                                                name,
                                                                Integer.toUnsignedString(code)),
                                                "A newer tk may know it."));
        return type.dtype()
                .orElseThrow(
                        () ->
                                in.malformed(
                                        at,
                                        "tensor `%s` has type %s (%s), which was removed from ggml"
                                                .formatted(name, code, type)));
    }

    /** Checks that the tensors lie one after the other within the file. */
    private static SequencedMap<String, Entry> place(
            GgufInput in,
            SourceFile file,
            SequencedMap<String, Entry> infos,
            long dataOffset,
            long alignment) {
        SequencedMap<String, Entry> placed = new LinkedHashMap<>();
        long next = 0;
        for (Entry entry : infos.values()) {
            TensorInfo info = entry.info();
            if (entry.offset() != next) {
                throw in.malformed(
                        dataOffset,
                        "tensor `%s` has offset %s, expected %s: tensors must follow one another"
                                .formatted(
                                        info.name(), Long.toUnsignedString(entry.offset()), next));
            }
            long start = dataOffset + next;
            long available = file.size() - start;
            long bytes = info.byteSize();
            if (bytes > available) {
                throw in.malformed(
                        start,
                        "tensor `%s` %s %s takes %s bytes, but the file ends at byte %s"
                                .formatted(
                                        info.name(),
                                        info.dtype(),
                                        info.shape(),
                                        bytes,
                                        file.size()),
                        "It was not copied or downloaded whole: fetch it again.");
            }
            placed.putLast(info.name(), new Entry(info, start));
            next = pad(next + bytes, alignment);
        }
        return placed;
    }

    /** {@code value} rounded up to a multiple of {@code alignment}, a power of two. */
    static long pad(long value, long alignment) {
        return Math.addExact(value, alignment - 1) & -alignment;
    }
}
