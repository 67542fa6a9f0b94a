package tk.quantize;

import org.jspecify.annotations.Nullable;

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
        return switch (type) {
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q5_0 -> 6;
            case Q5_1 -> 7;
            case Q8_0 -> 8;
            case Q2_K -> 10;
            case Q3_K -> 11;
            case Q4_K -> 12;
            case Q5_K -> 13;
            case Q6_K -> 14;
            case IQ4_NL -> 20;
            case IQ4_XS -> 23;
            default -> throw new IllegalArgumentException(type.name());
        };
    }
}
