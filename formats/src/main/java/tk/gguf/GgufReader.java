package tk.gguf;

import tk.checkpoint.CheckpointReader;
import tk.error.IoException;
import tk.error.UnsupportedException;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;

import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Opens GGUF files of version 2 and 3. */
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
        SourceFile file = SourceFile.open(path);
        try {
            GgufHeader header = GgufHeader.read(file);
            if (header.order() == ByteOrder.BIG_ENDIAN) {
                throw new UnsupportedException(path + ": big-endian");
            }
            SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
            header.tensors().forEach((name, entry) -> tensors.putLast(name, tensor(file, entry)));
            return new GgufFile(header, header.metadata(), tensors, List.of(file));
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Tensor tensor(SourceFile file, GgufHeader.Entry entry) {
        return new StoredTensor(
                entry.info(), new FileRegion(file, entry.offset(), entry.info().byteSize()));
    }
}
