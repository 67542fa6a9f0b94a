package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Locale;

/** llama.cpp's {@code libggml-base}, loaded into this process. */
@SuppressWarnings("restricted") // calling native code is its purpose
final class GgmlLibrary implements Ggml {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final SymbolLookup symbols;
    private final MethodHandle quantizeChunk;

    /** Loads {@code libggml-base} and fills its F16 tables. */
    GgmlLibrary(Path library) {
        symbols = SymbolLookup.libraryLookup(library, Arena.global());
        quantizeChunk =
                handle(
                        "ggml_quantize_chunk",
                        FunctionDescriptor.of(
                                LONG,
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                LONG,
                                LONG,
                                LONG,
                                ValueLayout.ADDRESS));
        MemoryLayout parameters =
                MemoryLayout.structLayout(
                        LONG,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_BOOLEAN,
                        MemoryLayout.paddingLayout(7));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(parameters);
            value.set(LONG, 0, 1 << 16);
            MethodHandle init =
                    handle("ggml_init", FunctionDescriptor.of(ValueLayout.ADDRESS, parameters));
            MemorySegment context = (MemorySegment) init.invokeExact(value);
            handle("ggml_free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
                    .invokeExact(context);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
    }

    @Override
    public byte[] quantize(
            DType type, float[] values, int rows, int columns, float @Nullable [] importance) {
        int bytes = Math.toIntExact(type.byteSize((long) rows * columns));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
            MemorySegment into = arena.allocate(bytes, 64);
            MemorySegment weights =
                    importance == null
                            ? MemorySegment.NULL
                            : arena.allocateFrom(ValueLayout.JAVA_FLOAT, importance);
            long written =
                    (long)
                            quantizeChunk.invokeExact(
                                    Ggml.id(type),
                                    from,
                                    into,
                                    0L,
                                    (long) rows,
                                    (long) columns,
                                    weights);
            if (written != bytes) throw new AssertionError(written + " bytes of " + bytes);
            return into.toArray(ValueLayout.JAVA_BYTE);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** The values that blocks stand for. */
    float[] dequantize(DType type, byte[] blocks, int count) {
        String name = type.name();
        int underscore = name.indexOf('_');
        String function =
                "dequantize_row_"
                        + name.substring(0, underscore).toLowerCase(Locale.ROOT)
                        + (name.startsWith("IQ")
                                ? name.substring(underscore).toLowerCase(Locale.ROOT)
                                : name.substring(underscore));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_BYTE, blocks);
            MemorySegment into = arena.allocate(4L * count, 64);
            handle(
                            function,
                            FunctionDescriptor.ofVoid(
                                    ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG))
                    .invokeExact(from, into, (long) count);
            return into.toArray(ValueLayout.JAVA_FLOAT);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
