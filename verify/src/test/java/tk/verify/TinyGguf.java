package tk.verify;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.tokenizer.TokenType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;

/**
 * A GGUF made from a {@link TinyModel} by the test's own hand, from the format's description and
 * not by the converter; everything can be changed before it is written.
 */
final class TinyGguf {
    /** Values by GGUF name, query and key rows as llama.cpp wants them. */
    final SequencedMap<String, float[]> values = new LinkedHashMap<>();

    final Map<String, long[]> shapes = new LinkedHashMap<>();

    /** Types of tensors that don't have the file's. */
    final Map<String, DType> types = new LinkedHashMap<>();

    /** Changes of the stored bytes, by tensor. */
    final Map<String, Consumer<byte[]>> damage = new LinkedHashMap<>();

    final List<TinyVocabulary.Piece> pieces;
    final SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();
    final String architecture;
    final DType type;

    TinyGguf(TinyModel model, DType type) {
        this.type = type;
        this.pieces = new ArrayList<>(model.vocabulary().pieces());
        JsonObject config = model.config();
        String modelType = config.string("model_type").orElseThrow();
        this.architecture = modelType.equals("mistral") ? "llama" : modelType;
        boolean interleaved = architecture.equals("llama");
        model.weights()
                .forEach(
                        (hf, source) -> {
                            String name = name(hf);
                            boolean query = hf.contains("q_proj");
                            boolean turned = interleaved && (query || hf.contains("k_proj"));
                            long[] shape = model.shapes().get(hf);
                            int columns = shape.length == 1 ? 1 : (int) shape[1];
                            values.put(
                                    name,
                                    turned
                                            ? interleave(source, TinyModel.HEAD_DIM, columns)
                                            : source.clone());
                            shapes.put(name, shape);
                        });
        put("general.architecture", GgufValue.text(architecture));
        put("general.file_type", GgufValue.u32(fileType(type)));
        number(config, "num_hidden_layers", "block_count");
        number(config, "max_position_embeddings", "context_length");
        number(config, "hidden_size", "embedding_length");
        number(config, "intermediate_size", "feed_forward_length");
        number(config, "num_attention_heads", "attention.head_count");
        number(config, "num_key_value_heads", "attention.head_count_kv");
        number(config, "head_dim", "attention.key_length");
        number(config, "head_dim", "attention.value_length");
        number(config, "head_dim", "rope.dimension_count");
        number(config, "vocab_size", "vocab_size");
        real(config, "rope_theta", "rope.freq_base");
        real(config, "rms_norm_eps", "attention.layer_norm_rms_epsilon");
        put("tokenizer.ggml.model", GgufValue.text("llama"));
        put("tokenizer.ggml.pre", GgufValue.text("default"));
        put("tokenizer.ggml.bos_token_id", GgufValue.u32(1));
        put("tokenizer.ggml.eos_token_id", GgufValue.u32(2));
        put("tokenizer.ggml.unknown_token_id", GgufValue.u32(0));
        put("tokenizer.ggml.add_bos_token", GgufValue.bool(true));
        put("tokenizer.ggml.add_eos_token", GgufValue.bool(false));
    }

    /** Sets a key. */
    void put(String key, GgufValue value) {
        keys.put(key, value);
    }

    /** Sets a key of the architecture. */
    void set(String key, GgufValue value) {
        keys.put(architecture + "." + key, value);
    }

    private void number(JsonObject config, String hf, String gguf) {
        config.number(hf)
                .flatMap(JsonNumber::asLong)
                .ifPresent(value -> set(gguf, GgufValue.u32(value)));
    }

    private void real(JsonObject config, String hf, String gguf) {
        config.number(hf).ifPresent(value -> set(gguf, GgufValue.f32((float) value.asDouble())));
    }

    /**
     * Adds rows to the embedding and the head, with a token for each.
     *
     * @param lean the first value of the rows; the others are 0
     */
    void addRows(String stem, TokenType tokenType, int count, float lean) {
        for (String name : List.of("token_embd.weight", "output.weight")) {
            float[] old = values.get(name);
            if (old == null) continue;
            float[] longer = java.util.Arrays.copyOf(old, old.length + count * TinyModel.HIDDEN);
            for (int at = old.length; at < longer.length; at += TinyModel.HIDDEN) longer[at] = lean;
            values.put(name, longer);
            shapes.put(name, new long[] {longer.length / TinyModel.HIDDEN, TinyModel.HIDDEN});
        }
        for (int i = 0; i < count; i++) {
            String text =
                    tokenType == TokenType.BYTE
                            ? "<0x"
                                    + java.util.HexFormat.of().withUpperCase().toHexDigits((byte) i)
                                    + ">"
                            : stem + pieces.size();
            pieces.add(new TinyVocabulary.Piece(text, -1000, tokenType));
        }
        set("vocab_size", GgufValue.u32(pieces.size()));
    }

    /** Writes the file. */
    Path write(Path file) {
        put(
                "tokenizer.ggml.tokens",
                GgufValue.texts(pieces.stream().map(TinyVocabulary.Piece::text).toList()));
        float[] scores = new float[pieces.size()];
        int[] kinds = new int[pieces.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = pieces.get(i).score();
            kinds[i] = pieces.get(i).type().code();
        }
        put("tokenizer.ggml.scores", GgufValue.floats(scores));
        put("tokenizer.ggml.token_type", GgufValue.i32s(kinds));
        List<Tensor> tensors = new ArrayList<>();
        values.forEach(
                (name, array) -> {
                    long[] shape = shapes.get(name);
                    DType own = types.getOrDefault(name, shape.length == 1 ? DType.F32 : type);
                    TinyTensor tensor = TinyTensor.of(name, own, array, shape);
                    Consumer<byte[]> change = damage.get(name);
                    if (change != null) change.accept(tensor.bytes());
                    tensors.add(tensor);
                });
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        new PlanWriter(1, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                new GgufMetadata(keys),
                                new TensorMap(tensors, Map.of(), List.of()),
                                file),
                        false);
        return file;
    }

    /** Per head of {@code d} rows, row 2i is row i and row 2i+1 is row i + d/2. */
    static float[] interleave(float[] rows, int d, int columns) {
        float[] out = new float[rows.length];
        int count = rows.length / columns;
        for (int row = 0; row < count; row++) {
            int head = row / d;
            int within = row % d;
            int from = head * d + within / 2 + (within % 2) * (d / 2);
            System.arraycopy(rows, from * columns, out, row * columns, columns);
        }
        return out;
    }

    private static int fileType(DType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 32;
            case Q8_0 -> 7;
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q5_0 -> 8;
            case Q5_1 -> 9;
            case Q2_K -> 10;
            case Q3_K -> 12;
            case Q4_K -> 15;
            case Q5_K -> 17;
            case Q6_K -> 18;
            case IQ4_NL -> 25;
            case IQ4_XS -> 30;
            default -> throw new IllegalArgumentException(type.name());
        };
    }

    private static String name(String hf) {
        return hf.replace("model.embed_tokens", "token_embd")
                .replace("model.norm", "output_norm")
                .replace("lm_head", "output")
                .replace("model.layers.", "blk.")
                .replace("input_layernorm", "attn_norm")
                .replace("post_attention_layernorm", "ffn_norm")
                .replace("self_attn.o_proj", "attn_output")
                .replaceAll("self_attn\\.([qkv])_proj", "attn_$1")
                .replaceAll("self_attn\\.([qk])_norm", "attn_$1_norm")
                .replaceAll("mlp\\.(gate|up|down)_proj", "ffn_$1");
    }
}
