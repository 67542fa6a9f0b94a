package tk.torch;

import org.jspecify.annotations.Nullable;

/** What a pickle makes with PyTorch's own functions: storages, and tensors over them. */
sealed interface TorchValue extends PyValue {
    /** A storage: a run of elements in the file, shared by the tensors that view it. */
    final class Storage implements TorchValue {
        private final String key;
        private final TorchType elements;
        private final long count;
        private final long firstElement;

        /**
         * A storage named by the pickle.
         *
         * @param key its name in the container
         * @param elements what {@code count} counts
         * @param firstElement where it begins within the stored run, for a view of a storage
         */
        Storage(String key, TorchType elements, long count, long firstElement) {
            this.key = key;
            this.elements = elements;
            this.count = count;
            this.firstElement = firstElement;
        }

        String key() {
            return key;
        }

        TorchType elements() {
            return elements;
        }

        long count() {
            return count;
        }

        long firstByte() {
            return firstElement * elements.bytes();
        }

        /** Its size; both factors were checked when the storage was made. */
        long bytes() {
            return count * elements.bytes();
        }

        @Override
        public String type() {
            return "storage";
        }
    }

    /**
     * A tensor over a storage, described but not read.
     *
     * @param dtype of its elements
     * @param offset of the first element, in elements
     * @param size extents, outermost first
     * @param stride in elements, one an extent
     */
    record TensorView(Storage storage, TorchType dtype, long offset, long[] size, long[] stride)
            implements TorchValue {
        @Override
        public String type() {
            return "tensor";
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /**
     * A tensor that tk cannot take, with what is known of it.
     *
     * @param reason why, to follow the words "tensor `NAME`"
     */
    record ExoticTensor(TorchType dtype, long[] size, String reason) implements TorchValue {
        @Override
        public String type() {
            return "tensor";
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
