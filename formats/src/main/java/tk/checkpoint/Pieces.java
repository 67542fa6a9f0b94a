package tk.checkpoint;

import tk.tensor.FileRegion;
import tk.tensor.Tensor;

import java.lang.foreign.MemorySegment;

/** How a tensor is read from front to back: a stored one by its bytes, a computed one by rows. */
sealed interface Pieces {
    /** The pieces of a tensor. */
    static Pieces of(Tensor tensor) {
        return tensor.stored().<Pieces>map(Bytes::new).orElseGet(() -> new Rows(tensor));
    }

    /** How many there are. */
    long count();

    /** Bytes of each. */
    long bytes();

    /** How many to read at a time, so that about {@code bytes} bytes of memory are in use. */
    long fitting(long bytes);

    /** As {@link Tensor#readRows}. */
    void read(long first, long count, MemorySegment into);

    /** A stored tensor: even one whose single row is larger than any memory goes in chunks. */
    record Bytes(FileRegion region) implements Pieces {
        @Override
        public long count() {
            return region.length();
        }

        @Override
        public long bytes() {
            return 1;
        }

        @Override
        public long fitting(long bytes) {
            return bytes;
        }

        @Override
        public void read(long first, long count, MemorySegment into) {
            region.file().read(region.offset() + first, into.asSlice(0, count));
        }
    }

    /** A computed tensor. */
    record Rows(Tensor tensor) implements Pieces {
        @Override
        public long count() {
            return tensor.info().shape().rows();
        }

        @Override
        public long bytes() {
            return tensor.info().rowBytes();
        }

        /**
         * Counts the widest form a row takes on its way (F32), so that a quantizing transform's
         * scratch stays as small as the output's; twice the bytes, so that F16 is written in no
         * smaller parts than what is copied.
         */
        @Override
        public long fitting(long bytes) {
            long widest = Math.max(bytes(), tensor.info().shape().columns() * 4);
            return Math.max(1, 2 * bytes / Math.max(1, widest));
        }

        @Override
        public void read(long first, long count, MemorySegment into) {
            tensor.readRows(first, count, into);
        }
    }
}
