package tk.gguf;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlannedFile;
import tk.checkpoint.WritePlan;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Plans GGUF files: version 3, little-endian.
 *
 * <p>Metadata and tensors are written as given and in the order given; which keys there are, and
 * that empty strings and lists are left out as llama.cpp's converter does, is the caller's affair.
 */
public final class GgufWriter {
    /** llama.cpp keeps names in 64 bytes, a final zero among them. */
    private static final int MAX_NAME = 63;

    /** Beyond any use: every tensor is padded to it. */
    private static final long MAX_ALIGNMENT = 1 << 16;

    private GgufWriter() {}

    /**
     * A plan for one file.
     *
     * @throws UnsupportedException where GGUF cannot hold a tensor: its type, a name of more than
     *     63 bytes, more than four dimensions; or where {@code general.alignment} is no power of
     *     two
     */
    public static WritePlan plan(GgufMetadata metadata, Checkpoint tensors, Path target) {
        return WritePlan.file(target, segments(metadata, tensors.tensors().values(), target));
    }

    /**
     * A plan for one file, or for several beside each other where that would hold more than {@code
     * splitMaxSize} bytes of tensors: {@code NAME-00001-of-00003.gguf} and so on, divided as
     * llama.cpp's converter does. The first has the metadata; a tensor larger than the limit gets a
     * file of its own.
     *
     * @param target the name the files derive theirs from, with or without {@code .gguf}
     * @param splitMaxSize at least 1
     */
    public static WritePlan plan(
            GgufMetadata metadata, Checkpoint tensors, Path target, long splitMaxSize) {
        List<List<Tensor>> parts = divide(tensors.tensors().values(), splitMaxSize);
        if (parts.size() == 1) return plan(metadata, tensors, target);
        if (parts.size() > 0xffff) {
            throw new UsageException(
                    "%s: %s files, a model can be split in at most 65535"
                            .formatted(target, parts.size()),
                    "Choose a larger size.");
        }
        String prefix = String.valueOf(target.getFileName());
        if (prefix.toLowerCase(Locale.ROOT).endsWith(".gguf")) {
            prefix = prefix.substring(0, prefix.length() - 5);
        }
        List<PlannedFile> files = new ArrayList<>();
        for (int no = 0; no < parts.size(); no++) {
            GgufMetadata part = Split.part(metadata, no, parts.size(), tensors.tensors().size());
            files.add(
                    new PlannedFile(
                            Path.of(Split.name(prefix, no, parts.size())),
                            segments(part, parts.get(no), target)));
        }
        return new WritePlan(target, WritePlan.Layout.SIBLINGS, files);
    }

    private static List<List<Tensor>> divide(Collection<Tensor> tensors, long limit) {
        if (limit < 1) throw new IllegalArgumentException("a limit of " + limit + " bytes");
        List<List<Tensor>> parts = new ArrayList<>();
        List<Tensor> part = new ArrayList<>();
        parts.add(part);
        long bytes = 0;
        for (Tensor tensor : tensors) {
            long size = tensor.info().byteSize();
            if (!part.isEmpty() && size > limit - bytes) {
                part = new ArrayList<>();
                parts.add(part);
                bytes = 0;
            }
            part.add(tensor);
            bytes += size;
        }
        return parts;
    }

    private static List<PlannedFile.Segment> segments(
            GgufMetadata metadata, Collection<Tensor> tensors, Path target) {
        long alignment = alignment(metadata, target);
        List<PlannedFile.Segment> segments = new ArrayList<>();
        GgufOutput out = new GgufOutput();
        out.raw(GgufHeader.MAGIC);
        out.i32(3);
        out.i64(tensors.size());
        out.i64(metadata.values().size());
        metadata.values()
                .forEach(
                        (key, value) -> {
                            out.text(key);
                            GgufValues.write(out, value);
                        });
        long offset = 0;
        for (Tensor tensor : tensors) {
            writeInfo(out, tensor.info(), offset, target);
            offset = GgufHeader.pad(offset + tensor.info().byteSize(), alignment);
        }
        segments.add(new PlannedFile.Literal(out.padded(alignment)));
        for (Tensor tensor : tensors) {
            long bytes = tensor.info().byteSize();
            segments.add(new PlannedFile.Values(tensor));
            int padding = Math.toIntExact(GgufHeader.pad(bytes, alignment) - bytes);
            if (padding > 0) segments.add(new PlannedFile.Literal(new byte[padding]));
        }
        return segments;
    }

    private static void writeInfo(GgufOutput out, TensorInfo info, long offset, Path target) {
        long[] dims = info.shape().dims();
        int nameBytes = info.name().getBytes(StandardCharsets.UTF_8).length;
        if (nameBytes > MAX_NAME) {
            throw unsupported(
                    target,
                    info,
                    "its name has %s bytes, llama.cpp reads at most %s"
                            .formatted(nameBytes, MAX_NAME));
        }
        if (dims.length > GgufHeader.MAX_DIMS) {
            throw unsupported(
                    target,
                    info,
                    "%s dimensions, GGUF holds at most %s"
                            .formatted(dims.length, GgufHeader.MAX_DIMS));
        }
        GgmlType type =
                GgmlType.of(info.dtype())
                        .orElseThrow(
                                () ->
                                        unsupported(
                                                target,
                                                info,
                                                "GGUF has no type for "
                                                        + info.dtype()
                                                        + " values"));
        out.text(info.name());
        out.i32(dims.length);
        for (int axis = dims.length - 1; axis >= 0; axis--) out.i64(dims[axis]);
        out.i32(type.code());
        out.i64(offset);
    }

    private static UnsupportedException unsupported(Path target, TensorInfo info, String why) {
        return new UnsupportedException(
                "%s: tensor `%s` cannot be written: %s".formatted(target, info.name(), why));
    }

    private static long alignment(GgufMetadata metadata, Path target) {
        return switch (metadata.values().get(GgufHeader.ALIGNMENT_KEY)) {
            case null -> GgufHeader.DEFAULT_ALIGNMENT;
            case GgufValue.Whole(GgufValueType type, long value)
                    when type == GgufValueType.U32
                            && Long.bitCount(value) == 1
                            && value <= MAX_ALIGNMENT ->
                    value;
            case GgufValue value ->
                    throw new UnsupportedException(
                            "%s: %s is %s, expected a U32 that is a power of two up to %s"
                                    .formatted(
                                            target,
                                            GgufHeader.ALIGNMENT_KEY,
                                            GgufHeader.describe(value),
                                            MAX_ALIGNMENT));
        };
    }
}
