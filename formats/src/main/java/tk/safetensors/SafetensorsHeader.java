package tk.safetensors;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonStream;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.SourceFile;
import tk.tensor.TensorInfo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file. In file order:
 *
 * <ol>
 *   <li>[u64, little-endian] length of the JSON, at most 100,000,000
 *   <li>JSON, beginning with <code>{</code>, possibly ending in spaces: an object whose members are
 *       tensors, {@code "NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[BEGIN,END]}} with
 *       offsets from the end of the JSON, and optionally {@code "__metadata__"}, an object of
 *       strings
 *   <li>the tensors' bytes, little-endian, outermost dimension first, without hole or overlap up to
 *       the end of the file
 * </ol>
 *
 * <p>Source: <a href="https://github.com/huggingface/safetensors#format">the format's README</a>.
 *
 * @param metadata what {@code __metadata__} says, in file order
 * @param dataOffset where the first tensor starts
 * @param entries the tensors, ordered by where they lie
 */
record SafetensorsHeader(Map<String, String> metadata, long dataOffset, List<Entry> entries) {
    /** The format's own limit on the length of the JSON. */
    static final int MAX_HEADER = 100_000_000;

    static final String METADATA = "__metadata__";

    /**
     * Bytes of memory a header may take; the largest in use, of a mixture of experts in one file,
     * takes a quarter.
     */
    private static final long BUDGET = 64L << 20;

    /** What the objects made for one tensor, or one metadata value, roughly take. */
    private static final int ENTRY_MEMORY = 320;

    /**
     * A tensor of the file.
     *
     * @param begin of its first byte, from the end of the JSON
     * @param end behind its last byte, from the end of the JSON
     */
    record Entry(TensorInfo info, long begin, long end) {}

    /** Reads and checks a header. */
    static SafetensorsHeader read(SourceFile file) {
        long length = length(file);
        Reading reading = new Reading(file);
        JsonStream.read(file.stream(8, length), file + ": header", reading::header);
        List<Entry> entries = reading.entries;
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        checkLayout(file, 8 + length, entries);
        return new SafetensorsHeader(reading.metadata, 8 + length, entries);
    }

    /** The length of the JSON, known to lie within the file and to begin as it must. */
    private static long length(SourceFile file) {
        if (file.size() < 8) {
            throw new MalformedException(
                    "%s: %s bytes, a safetensors file has at least 8".formatted(file, file.size()),
                    Truncated.HINT);
        }
        byte[] start = file.read(0, (int) Math.min(9, file.size()));
        long length = 0;
        for (int i = 7; i >= 0; i--) length = (length << 8) | (start[i] & 0xff);
        if (length < 0 || length > MAX_HEADER) {
            throw new MalformedException(
                    "%s: byte 0: the header's length is %s, expected at most %s"
                            .formatted(file, Long.toUnsignedString(length), MAX_HEADER));
        }
        if (length > file.size() - 8) {
            throw new MalformedException(
                    "%s: byte 0: the header's length is %s, but only %s bytes follow"
                            .formatted(file, length, file.size() - 8),
                    Truncated.HINT);
        }
        if (length == 0 || start[8] != '{') {
            throw new MalformedException(
                    "%s: byte 8: the header must begin with {".formatted(file));
        }
        return length;
    }

    /** Checks that the tensors fill the file from the header to the end. */
    private static void checkLayout(SourceFile file, long dataOffset, List<Entry> entries) {
        long next = 0;
        String previous = "the header";
        for (Entry entry : entries) {
            if (entry.begin() != next) {
                throw new MalformedException(
                        "%s: tensor `%s` begins at data offset %s, expected %s: %s bytes %s %s"
                                .formatted(
                                        file,
                                        entry.info().name(),
                                        entry.begin(),
                                        next,
                                        Math.abs(entry.begin() - next),
                                        entry.begin() < next
                                                ? "overlap with"
                                                : "belong to no tensor after",
                                        previous));
            }
            next = entry.end();
            previous = "`" + entry.info().name() + "`";
        }
        long available = file.size() - dataOffset;
        if (next > available) {
            throw new MalformedException(
                    "%s: the tensors take %s bytes, but the file ends after %s (at byte %s)"
                            .formatted(file, next, available, file.size()),
                    Truncated.HINT);
        }
        if (next < available) {
            throw new MalformedException(
                    "%s: byte %s: %s bytes follow the last tensor"
                            .formatted(file, dataOffset + next, available - next));
        }
    }

    /** What has been read so far. */
    private static final class Reading {
        final SourceFile file;
        final Map<String, String> metadata = new LinkedHashMap<>();
        final List<Entry> entries = new ArrayList<>();
        long spent;

        Reading(SourceFile file) {
            this.file = file;
        }

        void header(JsonStream json) {
            json.members(
                    name -> {
                        spend(ENTRY_MEMORY + name.length());
                        if (name.equals(METADATA)) metadata(json);
                        else tensor(json, name);
                    });
        }

        private void metadata(JsonStream json) {
            if (json.isNull()) return;
            json.members(
                    key -> {
                        String value = json.string();
                        spend(ENTRY_MEMORY + key.length() + value.length());
                        metadata.put(key, value);
                    });
        }

        private void tensor(JsonStream json, String name) {
            var fields =
                    new Object() {
                        String dtype = "";
                        final List<Long> shape = new ArrayList<>();
                        final List<Long> offsets = new ArrayList<>();
                        int seen;
                    };
            json.members(
                    field -> {
                        switch (field) {
                            case "dtype" -> {
                                fields.dtype = json.string();
                                fields.seen |= 1;
                            }
                            case "shape" -> {
                                json.items(() -> add(fields.shape, json));
                                fields.seen |= 2;
                            }
                            case "data_offsets" -> {
                                json.items(() -> add(fields.offsets, json));
                                fields.seen |= 4;
                            }
                            default -> json.skip();
                        }
                    });
            if (fields.seen != 7 || fields.offsets.size() != 2) {
                throw json.malformed(
                        "tensor `%s`: expected dtype, shape and two data_offsets".formatted(name));
            }
            DType dtype =
                    SafetensorsTypes.named(fields.dtype)
                            .orElseThrow(
                                    () ->
                                            json.malformed(
                                                    "tensor `%s` has dtype %s, expected one of %s"
                                                            .formatted(
                                                                    name,
                                                                    fields.dtype,
                                                                    SafetensorsTypes.ALL)));
            long[] dims = fields.shape.stream().mapToLong(Long::longValue).toArray();
            entries.add(
                    entry(
                            json,
                            name,
                            dtype,
                            dims,
                            fields.offsets.getFirst(),
                            fields.offsets.getLast()));
        }

        private void add(List<Long> numbers, JsonStream json) {
            numbers.add(json.count());
            spend(Long.BYTES);
        }

        private static Entry entry(
                JsonStream json, String name, DType dtype, long[] dims, long begin, long end) {
            if (end < begin) {
                throw json.malformed(
                        "tensor `%s` ends at %s, before its beginning at %s"
                                .formatted(name, end, begin));
            }
            Shape shape;
            long bytes;
            try {
                shape = new Shape(dims);
                bytes = dtype.byteSize(shape);
            } catch (ArithmeticException e) {
                throw json.malformed(
                        "tensor `%s` %s %s has no size in whole bytes below 2^63: %s"
                                .formatted(
                                        name,
                                        dtype,
                                        java.util.Arrays.toString(dims),
                                        e.getMessage()));
            }
            if (bytes != end - begin) {
                throw json.malformed(
                        "tensor `%s` %s %s takes %s bytes, but its offsets %s to %s are %s apart"
                                .formatted(name, dtype, shape, bytes, begin, end, end - begin));
            }
            return new Entry(new TensorInfo(name, dtype, shape), begin, end);
        }

        private void spend(long bytes) {
            spent += bytes;
            if (spent > BUDGET) {
                throw new UnsupportedException(
                        "%s: the header takes more than the %s bytes of memory that tk gives it"
                                .formatted(file, BUDGET),
                        "No model in use comes near; if this one is sound, please report it.");
            }
        }
    }
}
