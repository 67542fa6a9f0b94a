package tk.quantize;

import tk.checkpoint.Checkpoint;
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
import java.util.Map;
import java.util.Random;

/** A LLaMA of 96 tokens with normal weights, the same for the same shape, under GGUF's names. */
record RandomLlama(GgufMetadata metadata, Checkpoint weights) {
    private static final int VOCABULARY = 96;

    static RandomLlama of(
            int layers, int hidden, int ffn, int heads, int kvHeads, boolean tied, DType dtype) {
        int kv = hidden / heads * kvHeads;
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(tensor("token_embd.weight", dtype, VOCABULARY, hidden));
        for (int i = 0; i < layers; i++) {
            String p = "blk." + i + ".";
            tensors.add(tensor(p + "attn_q.weight", dtype, hidden, hidden));
            tensors.add(tensor(p + "attn_k.weight", dtype, kv, hidden));
            tensors.add(tensor(p + "attn_v.weight", dtype, kv, hidden));
            tensors.add(tensor(p + "attn_output.weight", dtype, hidden, hidden));
            tensors.add(tensor(p + "ffn_gate.weight", dtype, ffn, hidden));
            tensors.add(tensor(p + "ffn_up.weight", dtype, ffn, hidden));
            tensors.add(tensor(p + "ffn_down.weight", dtype, hidden, ffn));
            tensors.add(tensor(p + "attn_norm.weight", DType.F32, hidden));
            tensors.add(tensor(p + "ffn_norm.weight", DType.F32, hidden));
        }
        tensors.add(tensor("output_norm.weight", DType.F32, hidden));
        if (!tied) tensors.add(tensor("output.weight", dtype, VOCABULARY, hidden));
        List<String> tokens = new ArrayList<>();
        int[] types = new int[VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) {
            tokens.add(i == 0 ? "<unk>" : "t" + i);
            types[i] = i == 0 ? 2 : 1;
        }
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.architecture", GgufValue.text("llama"))
                        .put("general.file_type", GgufValue.u32(0))
                        .put("general.quantization_version", GgufValue.u32(2))
                        .put("llama.block_count", GgufValue.u32(layers))
                        .put("llama.context_length", GgufValue.u32(64))
                        .put("llama.embedding_length", GgufValue.u32(hidden))
                        .put("llama.feed_forward_length", GgufValue.u32(ffn))
                        .put("llama.attention.head_count", GgufValue.u32(heads))
                        .put("llama.attention.head_count_kv", GgufValue.u32(kvHeads))
                        .put("llama.attention.layer_norm_rms_epsilon", GgufValue.f32(1e-5f))
                        .put("llama.rope.dimension_count", GgufValue.u32(hidden / heads))
                        .put("tokenizer.ggml.model", GgufValue.text("llama"))
                        .put("tokenizer.ggml.tokens", GgufValue.texts(tokens))
                        .put("tokenizer.ggml.scores", GgufValue.floats(new float[VOCABULARY]))
                        .put("tokenizer.ggml.token_type", GgufValue.i32s(types))
                        .build();
        return new RandomLlama(metadata, new TensorMap(tensors, Map.of(), List.of()));
    }

    /** Writes it as it is. */
    Path write(Path file) {
        write(metadata, weights, file, 2);
        return file;
    }

    static void write(GgufMetadata metadata, Checkpoint weights, Path file, int threads) {
        new PlanWriter(threads, Progress.NONE)
                .write(GgufWriter.plan(metadata, weights, file), false);
    }

    static Tensor tensor(String name, DType dtype, long... dims) {
        return new Weights(new TensorInfo(name, dtype, new Shape(dims)));
    }

    private record Weights(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long columns = info.shape().columns();
            float[] row = new float[(int) columns];
            for (long r = 0; r < count; r++) {
                Random random = new Random(info.name().hashCode() * 31L + first + r);
                for (int c = 0; c < columns; c++) row[c] = (float) random.nextGaussian() * 0.02f;
                Scalars.narrow(info.dtype(), row, 0, into, r * info.rowBytes(), (int) columns);
            }
        }
    }
}
