/** Block quantization with llama.cpp's bytes: kernels, type mixtures, importance matrices. */
@org.jspecify.annotations.NullMarked
module tk.quantize {
    requires transitive tk.formats;
    requires static transitive org.jspecify;
    // Resolved only where the command line adds it: light commands start faster without it.
    requires static jdk.incubator.vector;

    exports tk.quantize;
}
