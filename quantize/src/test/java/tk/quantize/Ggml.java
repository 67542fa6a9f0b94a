package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.gguf.GgmlType;
import tk.tensor.DType;
import tk.testing.Originals;

import java.io.IOException;

/** llama.cpp's own quantizers. */
interface Ggml {
    /** The blocks of {@code rows} rows of {@code columns} values. */
    byte[] quantize(
            DType type, float[] values, int rows, int columns, float @Nullable [] importance)
            throws IOException;

    /** The program in {@code TK_GGML_CHUNK} where this is set, else the library. */
    static Ggml any() throws IOException {
        String program = System.getenv("TK_GGML_CHUNK");
        return program == null
                ? new GgmlLibrary(Originals.library("libggml-base.so"))
                : new GgmlProgram(program);
    }

    /** ggml's number for a type. */
    static int id(DType type) {
        return GgmlType.of(type).orElseThrow().code();
    }
}
