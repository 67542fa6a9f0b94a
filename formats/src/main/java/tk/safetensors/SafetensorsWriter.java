package tk.safetensors;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlannedFile;
import tk.checkpoint.WritePlan;
import tk.error.UnsupportedException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Plans safetensors files, byte for byte as {@code safetensors.torch.save_file} writes them: {@code
 * __metadata__} first, tensors by falling alignment of their dtype, then by name; the JSON without
 * spaces, padded with spaces to a multiple of eight.
 *
 * <p>Metadata is written in the order of its keys. The original takes an order at random, so only
 * files with at most one key (transformers writes {@code "format":"pt"}) can be equal.
 */
public final class SafetensorsWriter {
    private SafetensorsWriter() {}

    /**
     * A plan for one file of all tensors.
     *
     * @param metadata for {@code __metadata__}, which is left out where this is empty
     * @throws UnsupportedException where the format has no such dtype, or the header grows beyond
     *     its limit
     */
    public static WritePlan plan(Checkpoint tensors, Map<String, String> metadata, Path target) {
        return WritePlan.file(
                target, file(tensors.tensors().values(), metadata, target).segments());
    }

    /**
     * One file of a larger plan.
     *
     * @param path of the file, as {@link PlannedFile} wants it
     */
    public static PlannedFile file(
            Collection<? extends Tensor> tensors, Map<String, String> metadata, Path path) {
        List<Tensor> ordered = new ArrayList<>(tensors);
        Map<DType, Integer> ranks = new EnumMap<>(DType.class);
        for (Tensor tensor : ordered) {
            ranks.computeIfAbsent(tensor.info().dtype(), t -> rank(tensor.info(), path));
        }
        ordered.sort(
                Comparator.comparing((Tensor t) -> ranks.get(t.info().dtype()))
                        .reversed()
                        .thenComparing(
                                t -> t.info().name().getBytes(StandardCharsets.UTF_8),
                                Arrays::compareUnsigned));
        List<PlannedFile.Segment> segments = new ArrayList<>();
        segments.add(new PlannedFile.Literal(header(ordered, metadata, path)));
        for (Tensor tensor : ordered) segments.add(new PlannedFile.Values(tensor));
        return new PlannedFile(path, segments);
    }

    private static int rank(TensorInfo info, Path path) {
        return SafetensorsTypes.rank(info.dtype())
                .orElseThrow(
                        () ->
                                new UnsupportedException(
                                        "%s: tensor `%s` cannot be written: safetensors has no dtype for %s"
                                                .formatted(path, info.name(), info.dtype()),
                                        "Write a GGUF file, or choose another type."));
    }

    private static byte[] header(List<Tensor> tensors, Map<String, String> metadata, Path path) {
        StringBuilder json = new StringBuilder("{");
        if (!metadata.isEmpty()) {
            json.append('"').append(SafetensorsHeader.METADATA).append("\":");
            json.append(JsonText.COMPACT.write(JsonValue.of(new TreeMap<>(metadata))));
        }
        long offset = 0;
        for (Tensor tensor : tensors) {
            TensorInfo info = tensor.info();
            if (json.length() > 1) json.append(',');
            json.append(name(info, path)).append(":{\"dtype\":\"").append(info.dtype());
            json.append("\",\"shape\":[");
            for (int axis = 0; axis < info.shape().rank(); axis++) {
                json.append(axis == 0 ? "" : ",").append(info.shape().dim(axis));
            }
            json.append("],\"data_offsets\":[").append(offset);
            offset = Math.addExact(offset, info.byteSize());
            json.append(',').append(offset).append("]}");
        }
        byte[] utf8 = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        int length = (utf8.length + 7) & -8;
        if (length > SafetensorsHeader.MAX_HEADER) {
            throw new UnsupportedException(
                    "%s: the header of %s tensors takes %s bytes, the format allows %s"
                            .formatted(path, tensors.size(), length, SafetensorsHeader.MAX_HEADER),
                    "Write several files.");
        }
        byte[] header = new byte[8 + length];
        ByteBuffer buffer = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(length).put(utf8);
        Arrays.fill(header, 8 + utf8.length, header.length, (byte) ' ');
        return header;
    }

    private static String name(TensorInfo info, Path path) {
        boolean reserved = info.name().equals(SafetensorsHeader.METADATA);
        if (reserved || !StandardCharsets.UTF_8.newEncoder().canEncode(info.name())) {
            throw new UnsupportedException(
                    "%s: tensor `%s` cannot be written: its name is %s"
                            .formatted(
                                    path,
                                    info.name(),
                                    reserved ? "the format's own" : "not valid Unicode"));
        }
        return JsonText.COMPACT.write(new JsonValue.JsonString(info.name()));
    }
}
