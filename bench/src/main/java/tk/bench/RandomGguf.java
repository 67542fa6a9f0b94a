package tk.bench;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes a GGUF of the shape of a 134M LLaMA (768 wide, 12 layers, 32,000 tokens, head of its own)
 * with random weights: {@code RandomGguf FILE [F32|F16|BF16]}.
 */
final class RandomGguf {
    private static final int HIDDEN = 768;
    private static final int INNER = 2048;
    private static final int LAYERS = 12;
    private static final int VOCABULARY = 32000;

    private RandomGguf() {}

    public static void main(String[] args) {
        DType type = DType.valueOf(args.length > 1 ? args[1].toUpperCase(Locale.ROOT) : "F32");
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(matrix("token_embd.weight", type, VOCABULARY, HIDDEN));
        for (int i = 0; i < LAYERS; i++) {
            String block = "blk." + i + ".";
            tensors.add(vector(block + "attn_norm.weight"));
            for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
                tensors.add(matrix(block + name + ".weight", type, HIDDEN, HIDDEN));
            }
            tensors.add(vector(block + "ffn_norm.weight"));
            tensors.add(matrix(block + "ffn_gate.weight", type, INNER, HIDDEN));
            tensors.add(matrix(block + "ffn_up.weight", type, INNER, HIDDEN));
            tensors.add(matrix(block + "ffn_down.weight", type, HIDDEN, INNER));
        }
        tensors.add(vector("output_norm.weight"));
        tensors.add(matrix("output.weight", type, VOCABULARY, HIDDEN));
        new PlanWriter(2, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                metadata(),
                                new TensorMap(tensors, Map.of(), List.of()),
                                Path.of(args[0])),
                        true);
    }

    private static GgufMetadata metadata() {
        List<String> tokens = new ArrayList<>();
        float[] scores = new float[VOCABULARY];
        int[] types = new int[VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) {
            boolean isByte = i >= 3 && i < 259;
            tokens.add(
                    switch (i) {
                        case 0 -> "<unk>";
                        case 1 -> "<s>";
                        case 2 -> "</s>";
                        default ->
                                isByte ? String.format(Locale.ROOT, "<0x%02X>", i - 3) : "▁w" + i;
                    });
            scores[i] = -i;
            types[i] = i == 0 ? 2 : i < 3 ? 3 : isByte ? 6 : 1;
        }
        return GgufMetadata.builder()
                .put("general.architecture", GgufValue.text("llama"))
                .put("llama.block_count", GgufValue.u32(LAYERS))
                .put("llama.context_length", GgufValue.u32(4096))
                .put("llama.embedding_length", GgufValue.u32(HIDDEN))
                .put("llama.feed_forward_length", GgufValue.u32(INNER))
                .put("llama.attention.head_count", GgufValue.u32(12))
                .put("llama.attention.layer_norm_rms_epsilon", GgufValue.f32(1e-5f))
                .put("tokenizer.ggml.model", GgufValue.text("llama"))
                .put("tokenizer.ggml.tokens", GgufValue.texts(tokens))
                .put("tokenizer.ggml.scores", GgufValue.floats(scores))
                .put("tokenizer.ggml.token_type", GgufValue.i32s(types))
                .build();
    }

    private static Tensor vector(String name) {
        return new Random(new TensorInfo(name, DType.F32, new Shape(HIDDEN)), 1);
    }

    private static Tensor matrix(String name, DType type, long rows, long columns) {
        return new Random(new TensorInfo(name, type, new Shape(rows, columns)), 0);
    }

    /** Normal values of a trained model's spread, the same at every reading. */
    private record Random(TensorInfo info, float mean) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            float[] row = new float[(int) info.shape().columns()];
            for (long r = 0; r < count; r++) {
                SplittableRandom random =
                        new SplittableRandom(31L * info.name().hashCode() + first + r);
                for (int i = 0; i < row.length; i++) {
                    row[i] = mean + 0.03f * (float) random.nextGaussian();
                }
                Scalars.narrow(info.dtype(), row, 0, into, r * info.rowBytes(), row.length);
            }
        }
    }
}
