package tk.tokenizer;

import org.junit.jupiter.api.Assumptions;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.testing.Originals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A GGUF's vocabulary as llama.cpp itself loads it, in this process. */
@SuppressWarnings("restricted") // calling native code is its purpose
final class LlamaCppVocabulary implements AutoCloseable {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfByte BOOL = ValueLayout.JAVA_BYTE;

    /** Larger than the real one: it is passed by address, so only its start matters. */
    private static final MemoryLayout PARAMETERS =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, ValueLayout.JAVA_LONG));

    private static final long VOCAB_ONLY = 72;

    private final SymbolLookup symbols;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment model;
    private final MemorySegment vocab;
    private final MethodHandle tokenize;
    private final MethodHandle detokenize;
    private final MethodHandle piece;

    /** Loads the vocabulary of a file, and no tensor. */
    LlamaCppVocabulary(Path gguf) {
        symbols = SymbolLookup.libraryLookup(library(), Arena.global());
        tokenize =
                handle(
                        "llama_tokenize",
                        FunctionDescriptor.of(
                                INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                INT,
                                ValueLayout.ADDRESS,
                                INT,
                                BOOL,
                                BOOL));
        detokenize =
                handle(
                        "llama_detokenize",
                        FunctionDescriptor.of(
                                INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                INT,
                                ValueLayout.ADDRESS,
                                INT,
                                BOOL,
                                BOOL));
        piece =
                handle(
                        "llama_token_to_piece",
                        FunctionDescriptor.of(
                                INT,
                                ValueLayout.ADDRESS,
                                INT,
                                ValueLayout.ADDRESS,
                                INT,
                                INT,
                                BOOL));
        try {
            silence();
            handle("llama_backend_init", FunctionDescriptor.ofVoid()).invoke();
            MethodHandle defaults =
                    handle("llama_model_default_params", FunctionDescriptor.of(PARAMETERS));
            MemorySegment parameters = (MemorySegment) defaults.invoke(arena);
            // Two after it lies use_extra_bufts, the first flag that is on: a check of the layout.
            Assumptions.assumeTrue(
                    parameters.get(BOOL, VOCAB_ONLY) == 0
                            && parameters.get(BOOL, VOCAB_ONLY + 2) == 1,
                    "this llama.cpp has another llama_model_params");
            parameters.set(BOOL, VOCAB_ONLY, (byte) 1);
            model =
                    (MemorySegment)
                            handle(
                                            "llama_model_load_from_file",
                                            FunctionDescriptor.of(
                                                    ValueLayout.ADDRESS,
                                                    ValueLayout.ADDRESS,
                                                    PARAMETERS))
                                    .invoke(arena.allocateFrom(gguf.toString()), parameters);
            if (model.address() == 0) throw new AssertionError("llama.cpp does not load " + gguf);
            vocab =
                    (MemorySegment)
                            handle(
                                            "llama_model_get_vocab",
                                            FunctionDescriptor.of(
                                                    ValueLayout.ADDRESS, ValueLayout.ADDRESS))
                                    .invoke(model);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Writes a GGUF that holds nothing but a vocabulary. */
    static Path write(GgufVocabulary vocabulary, Path file) {
        GgufMetadata.Builder gguf = GgufMetadata.builder();
        gguf.put("general.architecture", GgufValue.text("llama"));
        gguf.put("llama.block_count", GgufValue.u32(1));
        gguf.put("llama.context_length", GgufValue.u32(128));
        gguf.put("llama.embedding_length", GgufValue.u32(64));
        gguf.put("llama.feed_forward_length", GgufValue.u32(64));
        gguf.put("llama.attention.head_count", GgufValue.u32(2));
        gguf.put("llama.attention.layer_norm_rms_epsilon", GgufValue.f32(1e-5f));
        vocabulary.putInto(gguf);
        TensorMap none = new TensorMap(List.of(), Map.of(), List.of());
        new PlanWriter(1, Progress.NONE).write(GgufWriter.plan(gguf.build(), none, file), false);
        return file;
    }

    /** The ids of a text, without added tokens. */
    int[] encode(String text, Tokenizer.Specials specials) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        boolean parse = specials == Tokenizer.Specials.PARSE;
        try (Arena call = Arena.ofConfined()) {
            MemorySegment in = call.allocate(bytes.length + 1L);
            MemorySegment.copy(bytes, 0, in, ValueLayout.JAVA_BYTE, 0, bytes.length);
            int most = bytes.length + 8;
            MemorySegment out = call.allocate(INT, most);
            int count =
                    (int)
                            tokenize.invoke(
                                    vocab,
                                    in,
                                    bytes.length,
                                    out,
                                    most,
                                    (byte) 0,
                                    (byte) (parse ? 1 : 0));
            return out.asSlice(0, count * 4L).toArray(INT);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** The bytes of ids, control tokens left out. */
    byte[] decode(int... ids) {
        try (Arena call = Arena.ofConfined()) {
            int most = ids.length * 64 + 64;
            MemorySegment out = call.allocate(most);
            int count =
                    (int)
                            detokenize.invoke(
                                    vocab,
                                    call.allocateFrom(INT, ids),
                                    ids.length,
                                    out,
                                    most,
                                    (byte) 0,
                                    (byte) 0);
            return out.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** The bytes of ids one after the other, control tokens left out, nothing cleaned up. */
    byte[] pieces(int... ids) {
        var all = new ByteArrayOutputStream();
        try (Arena call = Arena.ofConfined()) {
            int most = 1024;
            MemorySegment out = call.allocate(most);
            for (int id : ids) {
                int count = (int) piece.invoke(vocab, id, out, most, 0, (byte) 0);
                all.writeBytes(out.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
            }
            return all.toByteArray();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static Path library() {
        try (Stream<Path> files = Files.list(Originals.library(""))) {
            return files.filter(
                            file -> file.getFileName().toString().matches("libllama\\.(v.*)?so.*"))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What llama.cpp would print about every model goes nowhere. */
    private void silence() throws Throwable {
        FunctionDescriptor log =
                FunctionDescriptor.ofVoid(INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
        MethodHandle nothing =
                MethodHandles.empty(
                        MethodType.methodType(
                                void.class, int.class, MemorySegment.class, MemorySegment.class));
        MemorySegment callback = Linker.nativeLinker().upcallStub(nothing, log, Arena.global());
        handle("llama_log_set", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS))
                .invoke(callback, MemorySegment.NULL);
    }

    private MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
    }

    @Override
    public void close() {
        try {
            handle("llama_model_free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
                    .invoke(model);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        arena.close();
    }
}
