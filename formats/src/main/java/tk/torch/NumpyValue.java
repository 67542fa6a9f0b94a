package tk.torch;

import org.jspecify.annotations.Nullable;

/** What a pickle makes with numpy's functions. */
sealed interface NumpyValue extends PyValue {
    /** A numpy dtype; its byte order arrives with BUILD. */
    final class NumpyType implements NumpyValue {
        private final String code;
        private boolean bigEndian;

        /**
         * A numpy dtype.
         *
         * @param code kind and size, such as {@code f4}
         */
        NumpyType(String code) {
            this.code = code;
        }

        String code() {
            return code;
        }

        boolean bigEndian() {
            return bigEndian;
        }

        void bigEndian(boolean value) {
            bigEndian = value;
        }

        @Override
        public String type() {
            return "numpy.dtype";
        }
    }

    /** A numpy array; its contents arrive with BUILD. */
    final class NumpyArray implements NumpyValue {
        private long[] shape = {0};
        private @Nullable NumpyType dtype;
        private boolean fortranOrder;
        private @Nullable Bytes data;

        void fill(long[] newShape, NumpyType newType, boolean isFortran, @Nullable Bytes contents) {
            shape = newShape;
            dtype = newType;
            fortranOrder = isFortran;
            data = contents;
        }

        long[] shape() {
            return shape;
        }

        @Nullable NumpyType dtype() {
            return dtype;
        }

        boolean fortranOrder() {
            return fortranOrder;
        }

        /** The elements, or null where they are Python objects. */
        @Nullable Bytes data() {
            return data;
        }

        @Override
        public String type() {
            return "numpy.ndarray";
        }
    }
}
