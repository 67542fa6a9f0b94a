package tk.gguf;

import tk.checkpoint.Checkpoint;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;

import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * An open GGUF file, or a model split over several.
 *
 * <p>Tensors keep the order of the file; their shapes are outermost first, the reverse of the
 * file's. Values are little-endian whatever the file's byte order.
 */
public final class GgufFile implements Checkpoint {
    private final GgufHeader header;
    private final GgufMetadata metadata;
    private final SequencedMap<String, Tensor> tensors;
    private final List<SourceFile> files;

    GgufFile(
            GgufHeader header,
            GgufMetadata metadata,
            SequencedMap<String, Tensor> tensors,
            List<SourceFile> files) {
        this.header = header;
        this.metadata = metadata;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.files = List.copyOf(files);
    }

    /** All metadata in file order; of a split model the first file's, without its split keys. */
    public GgufMetadata gguf() {
        return metadata;
    }

    /** The version of the format: 2 or 3. */
    public int version() {
        return header.version();
    }

    /** The byte order of the file's numbers. */
    public ByteOrder byteOrder() {
        return header.order();
    }

    /** What tensors' offsets are multiples of. */
    public long alignment() {
        return header.alignment();
    }

    /** The files that make up the model, in order: one, unless it is split. */
    public List<Path> files() {
        return files.stream().map(SourceFile::path).toList();
    }

    @Override
    public SequencedMap<String, Tensor> tensors() {
        return tensors;
    }

    /** Empty: what GGUF stores beside the tensors is {@link #gguf()}. */
    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void close() {
        for (SourceFile file : files) file.close();
    }
}
