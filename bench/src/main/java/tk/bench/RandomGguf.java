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
 * Writes a GGUF of the shape of a LLaMA (32,000 tokens, head of its own) with random weights:
 * {@code RandomGguf FILE [F32|F16|BF16] [7M|134M|1.1B|7B]}, 134M where no size is said.
 */
final class RandomGguf {
    private static final int VOCABULARY = 32000;

    /** The sizes that the benchmarks speak of. */
    private record Size(int hidden, int inner, int layers, int heads, int kvHeads) {
        static Size named(String name) {
            return switch (name) {
                case "7M" -> new Size(96, 256, 6, 6, 6);
                case "134M" -> new Size(768, 2048, 12, 12, 12);
                case "1.1B" -> new Size(2048, 5632, 22, 32, 4);
                case "7B" -> new Size(4096, 11008, 32, 32, 32);
                default -> throw new IllegalArgumentException(name);
            };
        }

        int keyWidth() {
            return hidden / heads * kvHeads;
        }
    }

    private RandomGguf() {}

    public static void main(String[] args) {
        DType type = DType.valueOf(args.length > 1 ? args[1].toUpperCase(Locale.ROOT) : "F32");
        write(Path.of(args[0]), type, args.length > 2 ? args[2] : "134M");
    }

    /** Writes such a file, the same each time. */
    static void write(Path file, DType type, String sizeName) {
        Size size = Size.named(sizeName);
        int hidden = size.hidden;
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(matrix("token_embd.weight", type, VOCABULARY, hidden));
        for (int i = 0; i < size.layers; i++) {
            String block = "blk." + i + ".";
            tensors.add(vector(block + "attn_norm.weight", hidden));
            for (String name : List.of("attn_q", "attn_output")) {
                tensors.add(matrix(block + name + ".weight", type, hidden, hidden));
            }
            for (String name : List.of("attn_k", "attn_v")) {
                tensors.add(matrix(block + name + ".weight", type, size.keyWidth(), hidden));
            }
            tensors.add(vector(block + "ffn_norm.weight", hidden));
            tensors.add(matrix(block + "ffn_gate.weight", type, size.inner, hidden));
            tensors.add(matrix(block + "ffn_up.weight", type, size.inner, hidden));
            tensors.add(matrix(block + "ffn_down.weight", type, hidden, size.inner));
        }
        tensors.add(vector("output_norm.weight", hidden));
        tensors.add(matrix("output.weight", type, VOCABULARY, hidden));
        new PlanWriter(2, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                metadata(size), new TensorMap(tensors, Map.of(), List.of()), file),
                        true);
    }

    private static GgufMetadata metadata(Size size) {
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
                .put("llama.block_count", GgufValue.u32(size.layers))
                .put("llama.context_length", GgufValue.u32(4096))
                .put("llama.embedding_length", GgufValue.u32(size.hidden))
                .put("llama.feed_forward_length", GgufValue.u32(size.inner))
                .put("llama.attention.head_count", GgufValue.u32(size.heads))
                .put("llama.attention.head_count_kv", GgufValue.u32(size.kvHeads))
                .put("llama.attention.layer_norm_rms_epsilon", GgufValue.f32(1e-5f))
                .put("tokenizer.ggml.model", GgufValue.text("llama"))
                .put("tokenizer.ggml.tokens", GgufValue.texts(tokens))
                .put("tokenizer.ggml.scores", GgufValue.floats(scores))
                .put("tokenizer.ggml.token_type", GgufValue.i32s(types))
                .build();
    }

    private static Tensor vector(String name, int hidden) {
        return new Random(new TensorInfo(name, DType.F32, new Shape(hidden)), 1);
    }

    private static Tensor matrix(String name, DType type, long rows, long columns) {
        return new Random(new TensorInfo(name, type, new Shape(rows, columns)), 0);
    }

    /** Normal values of a trained model's spread, each row a stretch of the same many. */
    private record Random(TensorInfo info, float mean) implements Tensor {
        private static final float[] NORMAL = new float[1 << 20];

        static {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < NORMAL.length; i++) NORMAL[i] = (float) random.nextGaussian();
        }

        @Override
        public void readRows(long first, long count, MemorySegment into) {
            float[] row = new float[(int) info.shape().columns()];
            for (long r = 0; r < count; r++) {
                long seed = 31L * info.name().hashCode() + first + r;
                int from = new SplittableRandom(seed).nextInt(NORMAL.length);
                for (int i = 0; i < row.length; i++) {
                    row[i] = mean + 0.03f * NORMAL[(from + i) % NORMAL.length];
                }
                Scalars.narrow(info.dtype(), row, 0, into, r * info.rowBytes(), row.length);
            }
        }
    }
}
