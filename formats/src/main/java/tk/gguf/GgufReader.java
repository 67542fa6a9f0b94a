package tk.gguf;

import tk.checkpoint.CheckpointReader;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.tensor.FileRegion;
import tk.tensor.RefusedTensor;
import tk.tensor.SourceFile;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.SequencedMap;

/**
 * Opens GGUF files of version 2 and 3, little-endian and big-endian, and models split over several
 * files by the first of them.
 */
public final class GgufReader implements CheckpointReader {
    /** A reader; it keeps nothing between files. */
    public GgufReader() {}

    @Override
    public boolean recognises(Path path) {
        if (!Files.isRegularFile(path)) return false;
        try (SourceFile file = SourceFile.open(path)) {
            return file.size() >= 4 && Arrays.equals(file.read(0, 4), GgufHeader.MAGIC);
        } catch (IoException unreadable) {
            return false;
        }
    }

    @Override
    public GgufFile open(Path path) {
        return open(SourceFile.open(path));
    }

    /** As {@link #open(Path)}, of a file that is already open: it is closed with what is read. */
    public GgufFile open(SourceFile file) {
        List<SourceFile> files = new ArrayList<>();
        files.add(file);
        try {
            GgufHeader first = GgufHeader.read(files.getFirst());
            SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
            addTensors(tensors, files.getFirst(), first);
            GgufMetadata metadata = first.metadata();
            if (Split.isPart(metadata)) {
                addParts(tensors, files, Split.parts(file.path(), metadata), metadata);
                metadata = Split.strip(metadata);
            }
            return new GgufFile(first, metadata, tensors, files);
        } catch (RuntimeException e) {
            files.forEach(SourceFile::close);
            throw e;
        }
    }

    private static void addParts(
            SequencedMap<String, Tensor> tensors,
            List<SourceFile> files,
            List<Path> parts,
            GgufMetadata metadata) {
        for (int no = 1; no < parts.size(); no++) {
            SourceFile file = Split.open(parts, no);
            files.add(file);
            GgufHeader header = GgufHeader.read(file);
            Split.check(file, header.metadata(), no, parts.size());
            addTensors(tensors, file, header);
        }
        OptionalLong expected = metadata.integer(Split.TENSORS);
        Split.expect(files.getFirst(), Split.TENSORS, expected, tensors.size());
    }

    private static void addTensors(
            SequencedMap<String, Tensor> tensors, SourceFile file, GgufHeader header) {
        for (GgufHeader.Entry entry : header.tensors().values()) {
            String name = entry.info().name();
            if (tensors.putIfAbsent(name, tensor(file, header.order(), entry)) != null) {
                throw new MalformedException(
                        "%s: tensor `%s` is in an earlier part too".formatted(file, name));
            }
        }
    }

    private static Tensor tensor(SourceFile file, ByteOrder order, GgufHeader.Entry entry) {
        TensorInfo info = entry.info();
        FileRegion region = new FileRegion(file, entry.offset(), info.byteSize());
        if (order == ByteOrder.LITTLE_ENDIAN) return new StoredTensor(info, region);
        return ByteSwap.of(info.dtype())
                .<Tensor>map(swap -> SwappedTensor.of(info, region, swap))
                .orElseGet(
                        () ->
                                new RefusedTensor(
                                        info,
                                        "is big-endian %s, which ggml does not define"
                                                .formatted(info.dtype())));
    }
}
