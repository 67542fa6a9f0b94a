package tk.tensor;

import java.util.Objects;

/**
 * A run of bytes in an open file. Two tensors with equal regions are one tensor under two names
 * (tied).
 *
 * @param file the open file; compared by identity
 * @param offset of the first byte
 * @param length in bytes
 */
public record FileRegion(SourceFile file, long offset, long length) {
    /** Checks the run against the file's size. */
    public FileRegion {
        Objects.checkFromIndexSize(offset, length, file.size());
    }
}
