package tk.quantize;

import tk.checkpoint.TensorMap;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The same importance matrix for a model in both of the forms that llama-imatrix has written. */
final class ImportanceFiles {
    private static final int CALLS = 7;
    private static final String DATASET = "metin.txt";

    private ImportanceFiles() {}

    /** Sums of a layer's inputs: exponential, and some of inputs that were never met. */
    private static float[] sums(TensorInfo info) {
        Random random = new Random(info.name().hashCode());
        float[] sums = new float[(int) info.shape().columns()];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = i % 37 == 5 ? 0 : -(float) Math.log(1 - random.nextDouble()) * CALLS;
        }
        return sums;
    }

    /** The matrices of the layers, but the one named. */
    private static List<TensorInfo> entries(RandomLlama model, String missing) {
        return model.weights().tensors().values().stream()
                .map(Tensor::info)
                .filter(info -> info.shape().rank() == 2 && info.name().startsWith("blk."))
                .filter(info -> !info.name().equals(missing))
                .toList();
    }

    static Path gguf(RandomLlama model, String missing, Path file) {
        List<Tensor> tensors = new ArrayList<>();
        for (TensorInfo info : entries(model, missing)) {
            float[] sums = sums(info);
            tensors.add(new Floats(f32(info.name() + ".in_sum2", 1, sums.length), sums));
            tensors.add(new Floats(f32(info.name() + ".counts", 1, 1), new float[] {CALLS}));
        }
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.type", GgufValue.text("imatrix"))
                        .put("imatrix.datasets", GgufValue.texts(List.of(DATASET)))
                        .put("imatrix.chunk_count", GgufValue.u32(3))
                        .put("imatrix.chunk_size", GgufValue.u32(64))
                        .build();
        RandomLlama.write(metadata, new TensorMap(tensors, Map.of(), List.of()), file, 1);
        return file;
    }

    static Path legacy(RandomLlama model, String missing, Path file) throws IOException {
        List<TensorInfo> entries = entries(model, missing);
        ByteBuffer out = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(entries.size());
        for (TensorInfo info : entries) {
            float[] sums = sums(info);
            text(out, info.name()).putInt(CALLS).putInt(sums.length);
            for (float sum : sums) out.putFloat(sum);
        }
        text(out.putInt(3), DATASET);
        byte[] bytes = new byte[out.flip().remaining()];
        out.get(bytes);
        return Files.write(file, bytes);
    }

    private static ByteBuffer text(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return out.putInt(bytes.length).put(bytes);
    }

    private static TensorInfo f32(String name, long... dims) {
        return new TensorInfo(name, DType.F32, new Shape(dims));
    }

    private record Floats(TensorInfo info, float[] values) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            int columns = (int) info.shape().columns();
            for (int i = 0; i < count * columns; i++) {
                into.set(Scalars.LE_FLOAT, 4L * i, values[(int) first * columns + i]);
            }
        }
    }
}
