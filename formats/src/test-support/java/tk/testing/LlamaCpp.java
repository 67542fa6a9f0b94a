package tk.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Real llama.cpp, called through its C interface, with F32 keys and values and no flash attention:
 * as exact as it can be.
 *
 * <p>The parameter structs grow from version to version. They are handed around in a larger buffer,
 * and the few fields that matter are found by the default values around them.
 */
@SuppressWarnings("restricted") // a C library is what it is about
public final class LlamaCpp implements AutoCloseable {
    private static final StructLayout PARAMETERS =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, JAVA_LONG));
    private static final StructLayout BATCH =
            MemoryLayout.structLayout(
                    JAVA_INT.withName("n_tokens"),
                    MemoryLayout.paddingLayout(4),
                    ADDRESS.withName("token"),
                    ADDRESS.withName("embd"),
                    ADDRESS.withName("pos"),
                    ADDRESS.withName("n_seq_id"),
                    ADDRESS.withName("seq_id"),
                    ADDRESS.withName("logits"));
    private static final int BOTH_THREADS = 2;

    private final Arena arena = Arena.ofShared();
    private final List<SymbolLookup> libraries = new ArrayList<>();
    private final Linker linker = Linker.nativeLinker();
    private final int vocabulary;
    private final MemorySegment model;
    private final MemorySegment vocab;
    private MemorySegment adapter = MemorySegment.NULL;

    /** Loads a file; the test is skipped where llama.cpp is not to be had. */
    public LlamaCpp(Path gguf) {
        Path folder = Originals.library("");
        for (String stem : List.of("libggml-base", "libggml", "libllama")) {
            libraries.add(SymbolLookup.libraryLookup(find(folder, stem), arena));
        }
        quiet();
        call("llama_backend_init", FunctionDescriptor.ofVoid());
        call(
                "ggml_backend_load_all_from_path",
                FunctionDescriptor.ofVoid(ADDRESS),
                arena.allocateFrom(folder.toString()));
        MemorySegment parameters = parameters("llama_model_default_params");
        model =
                (MemorySegment)
                        call(
                                "llama_model_load_from_file",
                                FunctionDescriptor.of(ADDRESS, ADDRESS, PARAMETERS),
                                arena.allocateFrom(gguf.toString()),
                                parameters);
        if (model.address() == 0) throw new AssertionError("llama.cpp does not load " + gguf);
        vocab =
                (MemorySegment)
                        call(
                                "llama_model_get_vocab",
                                FunctionDescriptor.of(ADDRESS, ADDRESS),
                                model);
        vocabulary =
                (int) call("llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, ADDRESS), vocab);
    }

    /** Has a LoRA computed beside the model from now on ({@code --lora}). */
    public LlamaCpp beside(Path gguf) {
        adapter =
                (MemorySegment)
                        call(
                                "llama_adapter_lora_init",
                                FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS),
                                model,
                                arena.allocateFrom(gguf.toString()));
        if (adapter.address() == 0) throw new AssertionError("llama.cpp does not load " + gguf);
        return this;
    }

    /** The ids of a text, BOS before it where the file says so; special tokens are text. */
    public int[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int most = bytes.length + 8;
        try (Arena here = Arena.ofConfined()) {
            MemorySegment in = here.allocate(bytes.length + 1L);
            MemorySegment.copy(bytes, 0, in, JAVA_BYTE, 0, bytes.length);
            MemorySegment out = here.allocate(JAVA_INT, most);
            int count =
                    (int)
                            call(
                                    "llama_tokenize",
                                    FunctionDescriptor.of(
                                            JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT,
                                            JAVA_BYTE, JAVA_BYTE),
                                    vocab,
                                    in,
                                    bytes.length,
                                    out,
                                    most,
                                    (byte) 1,
                                    (byte) 0);
            return out.asSlice(0, 4L * count).toArray(JAVA_INT);
        }
    }

    /** Logits {@code [position][token]} of a sequence. */
    public float[][] logits(int[] tokens) {
        MemorySegment parameters = parameters("llama_context_default_params");
        int room = Math.ceilDiv(tokens.length, 256) * 256;
        for (int field = 0; field < 3; field++) parameters.setAtIndex(JAVA_INT, field, room);
        setThreads(parameters);
        noFlashAttention(parameters);
        exactCache(parameters);
        MemorySegment context =
                (MemorySegment)
                        call(
                                "llama_init_from_model",
                                FunctionDescriptor.of(ADDRESS, ADDRESS, PARAMETERS),
                                model,
                                parameters);
        if (adapter.address() != 0) setAdapter(context);
        MemorySegment batch =
                (MemorySegment)
                        call(
                                "llama_batch_init",
                                FunctionDescriptor.of(BATCH, JAVA_INT, JAVA_INT, JAVA_INT),
                                arena,
                                tokens.length,
                                0,
                                1);
        batch.set(JAVA_INT, 0, tokens.length);
        for (int i = 0; i < tokens.length; i++) {
            array(batch, "token", tokens.length).setAtIndex(JAVA_INT, i, tokens[i]);
            array(batch, "pos", tokens.length).setAtIndex(JAVA_INT, i, i);
            array(batch, "n_seq_id", tokens.length).setAtIndex(JAVA_INT, i, 1);
            array(batch, "seq_id", 2L * tokens.length)
                    .getAtIndex(ADDRESS, i)
                    .reinterpret(4)
                    .set(JAVA_INT, 0, 0);
            array(batch, "logits", tokens.length).set(JAVA_BYTE, i, (byte) 1);
        }
        int failed =
                (int)
                        call(
                                "llama_decode",
                                FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH),
                                context,
                                batch);
        if (failed != 0) throw new AssertionError("llama_decode gives " + failed);
        float[][] logits = new float[tokens.length][];
        for (int i = 0; i < tokens.length; i++) {
            MemorySegment row =
                    (MemorySegment)
                            call(
                                    "llama_get_logits_ith",
                                    FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT),
                                    context,
                                    i);
            logits[i] = row.reinterpret(4L * vocabulary).toArray(JAVA_FLOAT);
        }
        call("llama_batch_free", FunctionDescriptor.ofVoid(BATCH), batch);
        call("llama_free", FunctionDescriptor.ofVoid(ADDRESS), context);
        return logits;
    }

    private void setAdapter(MemorySegment context) {
        MemorySegment adapters = arena.allocateFrom(ADDRESS, adapter);
        MemorySegment scales = arena.allocateFrom(JAVA_FLOAT, 1);
        int failed =
                (int)
                        call(
                                "llama_set_adapters_lora",
                                FunctionDescriptor.of(
                                        JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
                                context,
                                adapters,
                                1L,
                                scales);
        if (failed != 0) throw new AssertionError("llama_set_adapters_lora gives " + failed);
    }

    private static MemorySegment array(MemorySegment batch, String field, long ints) {
        long at = BATCH.byteOffset(MemoryLayout.PathElement.groupElement(field));
        return batch.get(ADDRESS, at).reinterpret(4 * ints);
    }

    /** Four enums stand at -1, "as the model says"; the last of them is flash attention. */
    private static void noFlashAttention(MemorySegment parameters) {
        for (int i = 4; i < 32; i++) {
            boolean four = true;
            for (int j = 0; j < 4; j++) four &= parameters.getAtIndex(JAVA_INT, i + j) == -1;
            if (four) {
                parameters.setAtIndex(JAVA_INT, i + 3, 0);
                return;
            }
        }
        throw new AssertionError("flash attention's field was not found");
    }

    /** The two thread counts are the first equal pair after the sizes. */
    private static void setThreads(MemorySegment parameters) {
        for (int i = 3; i < 16; i++) {
            int value = parameters.getAtIndex(JAVA_INT, i);
            if (value > 1 && value == parameters.getAtIndex(JAVA_INT, i + 1)) {
                parameters.setAtIndex(JAVA_INT, i, BOTH_THREADS);
                parameters.setAtIndex(JAVA_INT, i + 1, BOTH_THREADS);
                return;
            }
        }
        throw new AssertionError("the thread counts' fields were not found");
    }

    /** Keys and values default to F16, type 1, twice: after the callbacks. */
    private static void exactCache(MemorySegment parameters) {
        for (int i = 16; i < 48; i++) {
            if (parameters.getAtIndex(JAVA_INT, i) == 1
                    && parameters.getAtIndex(JAVA_INT, i + 1) == 1) {
                parameters.setAtIndex(JAVA_INT, i, 0);
                parameters.setAtIndex(JAVA_INT, i + 1, 0);
                return;
            }
        }
        throw new AssertionError("the cache types' fields were not found");
    }

    private MemorySegment parameters(String function) {
        MemorySegment zeros = arena.allocate(PARAMETERS);
        SegmentAllocator here = (size, alignment) -> zeros;
        return (MemorySegment) call(function, FunctionDescriptor.of(PARAMETERS), here);
    }

    private void quiet() {
        MethodHandle nothing =
                java.lang.invoke.MethodHandles.empty(
                        java.lang.invoke.MethodType.methodType(
                                void.class, int.class, MemorySegment.class, MemorySegment.class));
        MemorySegment stub =
                linker.upcallStub(
                        nothing, FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, ADDRESS), arena);
        call(
                "llama_log_set",
                FunctionDescriptor.ofVoid(ADDRESS, ADDRESS),
                stub,
                MemorySegment.NULL);
    }

    private Object call(String function, FunctionDescriptor descriptor, Object... arguments) {
        MemorySegment address =
                libraries.stream()
                        .flatMap(library -> library.find(function).stream())
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(function + " is not exported"));
        try {
            return linker.downcallHandle(address, descriptor).invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError(function, e);
        }
    }

    private static Path find(Path folder, String stem) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, stem + ".*")) {
            for (Path file : files) return file;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError(folder + " has no " + stem);
    }

    @Override
    public void close() {
        call("llama_model_free", FunctionDescriptor.ofVoid(ADDRESS), model);
        // The libraries keep threads and registries: they stay, and with them the arena.
    }
}
