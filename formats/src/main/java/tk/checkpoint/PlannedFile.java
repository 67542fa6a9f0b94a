package tk.checkpoint;

import tk.tensor.Tensor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/**
 * A file to be written, known to the byte before it is begun: literal bytes and tensors' rows, back
 * to back.
 *
 * @param path relative to the plan's target folder, or to the folder of its target; for a plan of
 *     one file, its name
 * @param segments in file order
 */
public record PlannedFile(Path path, List<Segment> segments) {
    /** Copies the list. */
    public PlannedFile {
        segments = List.copyOf(segments);
    }

    /** One run of the file. */
    public sealed interface Segment {
        /** Its length in bytes. */
        long length();
    }

    /**
     * Bytes known beforehand: headers, padding, small files. Not copied; nobody may change them.
     */
    public record Literal(byte[] bytes) implements Segment {
        @Override
        public long length() {
            return bytes.length;
        }
    }

    /** All rows of a tensor. */
    public record Values(Tensor tensor) implements Segment {
        @Override
        public long length() {
            return tensor.info().byteSize();
        }
    }

    /**
     * Bytes that follow from the CRC-32 of some of the file's {@link Values}, such as a zip
     * archive's directory, or the header of an entry.
     *
     * @param length in bytes
     * @param first the first of them, by its place among the file's
     * @param count how many follow on one another
     * @param make given the checksum of each by its place, gives exactly {@code length} bytes
     */
    public record Checksummed(
            long length, int first, int count, Function<IntUnaryOperator, byte[]> make)
            implements Segment {}

    /** Its size in bytes. */
    public long bytes() {
        long sum = 0;
        for (Segment segment : segments) sum = Math.addExact(sum, segment.length());
        return sum;
    }

    /** The tensors in file order. */
    public List<Tensor> tensors() {
        List<Tensor> tensors = new ArrayList<>();
        for (Segment segment : segments) {
            if (segment instanceof Values values) tensors.add(values.tensor());
        }
        return tensors;
    }
}
