package tk.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import org.jspecify.annotations.Nullable;

import tk.gguf.GgmlType;
import tk.tensor.DType;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** ggml's own {@code ggml_quantize_chunk} in this process, on memory allocated once. */
@SuppressWarnings("restricted") // calling native code is its purpose
final class GgmlQuantizer {
    private final MethodHandle quantize;
    private final int type;
    private final long rows;
    private final long columns;
    private final MemorySegment values;
    private final MemorySegment blocks;
    private final MemorySegment importance;

    /**
     * Loads {@code libggml-base.so} from the folder in {@code TK_LLAMACPP_LIB}.
     *
     * @param importance one weight a column, or null
     */
    GgmlQuantizer(DType type, float[] values, int columns, float @Nullable [] importance) {
        SymbolLookup library = library();
        Linker linker = Linker.nativeLinker();
        quantize =
                linker.downcallHandle(
                        library.findOrThrow("ggml_quantize_chunk"),
                        FunctionDescriptor.of(
                                JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG,
                                JAVA_LONG, ADDRESS));
        Arena arena = Arena.global();
        this.type = GgmlType.of(type).orElseThrow().code();
        this.rows = values.length / columns;
        this.columns = columns;
        this.values = arena.allocateFrom(JAVA_FLOAT, values);
        this.blocks = arena.allocate(type.byteSize(values.length), 64);
        this.importance =
                importance == null
                        ? MemorySegment.NULL
                        : arena.allocateFrom(JAVA_FLOAT, importance);
    }

    /** {@code libggml-base.so}, ready for use. */
    static SymbolLookup library() {
        String folder = System.getenv("TK_LLAMACPP_LIB");
        if (folder == null) throw new IllegalStateException("TK_LLAMACPP_LIB is not set");
        Arena arena = Arena.global();
        SymbolLookup library =
                SymbolLookup.libraryLookup(Path.of(folder, "libggml-base.so"), arena);
        // Fills ggml's F16 tables.
        MemoryLayout parameters =
                MemoryLayout.structLayout(
                        JAVA_LONG, ADDRESS, JAVA_BOOLEAN, MemoryLayout.paddingLayout(7));
        MemorySegment small = arena.allocate(parameters);
        small.set(JAVA_LONG, 0, 1 << 16);
        try {
            MemorySegment context =
                    (MemorySegment)
                            Linker.nativeLinker()
                                    .downcallHandle(
                                            library.findOrThrow("ggml_init"),
                                            FunctionDescriptor.of(ADDRESS, parameters))
                                    .invokeExact(small);
            if (context.address() == 0) throw new IllegalStateException("ggml_init failed");
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        return library;
    }

    /** Quantizes the values; the bytes of the blocks. */
    MemorySegment quantize() {
        try {
            long bytes =
                    (long)
                            quantize.invokeExact(
                                    type, values, blocks, 0L, rows, columns, importance);
            if (bytes != blocks.byteSize()) throw new IllegalStateException(bytes + " bytes");
            return blocks;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
