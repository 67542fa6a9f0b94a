package tk.safetensors;

import tk.tensor.FileRegion;
import tk.tensor.SourceFile;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * One open safetensors file.
 *
 * @param source the file; closing it is the caller's affair
 */
record SafetensorsFile(SourceFile source, SafetensorsHeader header) {
    static SafetensorsFile open(Path path) {
        return open(SourceFile.open(path));
    }

    /** As {@link #open(Path)}, of a file that is already open; it is closed where it is refused. */
    static SafetensorsFile open(SourceFile source) {
        try {
            return new SafetensorsFile(source, SafetensorsHeader.read(source));
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** The tensors by name, ordered by where they lie. */
    SequencedMap<String, Tensor> tensors() {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            tensors.putLast(
                    entry.info().name(),
                    new StoredTensor(
                            entry.info(),
                            new FileRegion(
                                    source,
                                    header.dataOffset() + entry.begin(),
                                    entry.end() - entry.begin())));
        }
        return tensors;
    }
}
