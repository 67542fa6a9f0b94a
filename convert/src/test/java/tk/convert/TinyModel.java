package tk.convert;

import tk.checkpoint.TensorMap;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/** Small random models of every family, in memory. */
public final class TinyModel {
    private TinyModel() {}

    /** A tensor whose bytes are in memory. */
    public record InMemory(TensorInfo info, byte[] bytes) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long rowBytes = info.rowBytes();
            MemorySegment.copy(
                    MemorySegment.ofArray(bytes), first * rowBytes, into, 0, count * rowBytes);
        }
    }

    /** A tensor of these F32 values. */
    public static Tensor f32(String name, Shape shape, float... values) {
        byte[] bytes = new byte[values.length * 4];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < values.length; i++) segment.set(Scalars.LE_FLOAT, i * 4L, values[i]);
        return new InMemory(new TensorInfo(name, DType.F32, shape), bytes);
    }

    /** A tensor of standard normal values, stored as {@code type}. */
    public static Tensor random(String name, DType type, Shape shape, Random random) {
        int n = Math.toIntExact(shape.elements());
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = (float) random.nextGaussian();
        byte[] bytes = new byte[Math.toIntExact(type.byteSize(shape))];
        Scalars.narrow(type, values, 0, MemorySegment.ofArray(bytes), 0, n);
        return new InMemory(new TensorInfo(name, type, shape), bytes);
    }

    /** All of a tensor's bytes. */
    public static byte[] bytes(Tensor tensor) {
        byte[] bytes = new byte[Math.toIntExact(tensor.info().byteSize())];
        tensor.readRows(0, tensor.info().shape().rows(), MemorySegment.ofArray(bytes));
        return bytes;
    }

    /** 2 layers, 4 query heads of 6 over 2 key heads, hidden 16: head_dim is not hidden / heads. */
    public static ModelConfig config(String architecture, Map<String, Object> json) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("architectures", List.of(architecture));
        all.put("hidden_size", 16);
        all.put("num_hidden_layers", 2);
        all.put("num_attention_heads", 4);
        all.put("num_key_value_heads", 2);
        all.put("head_dim", 6);
        all.put("intermediate_size", 24);
        all.put("vocab_size", 10);
        all.put("tie_word_embeddings", false);
        all.putAll(json);
        return ConfigReader.parse((JsonObject) JsonValue.of(all), "config.json");
    }

    public static ModelConfig config(String architecture) {
        return config(architecture, Map.of());
    }

    /** Every tensor that the family's table asks for, under names changed by {@code name}. */
    public static List<Tensor> tensors(
            FamilyTable family, ModelConfig config, UnaryOperator<String> name) {
        Random random = new Random(7);
        List<Tensor> tensors = new ArrayList<>();
        for (TensorRule rule : family.tensors()) {
            boolean there =
                    switch (rule.presence()) {
                        case REQUIRED -> true;
                        case ATTENTION_BIAS -> config.attentionBias();
                        case MLP_BIAS -> config.mlpBias();
                        case UNTIED_HEAD -> !config.tiedEmbeddings();
                    };
            if (!there) continue;
            for (int layer = 0; layer < (rule.isPerLayer() ? config.layers() : 1); layer++) {
                tensors.add(
                        random(
                                name.apply(rule.hfName(layer)),
                                DType.F32,
                                rule.shape(config),
                                random));
            }
        }
        return tensors;
    }

    public static TensorMap checkpoint(List<Tensor> tensors) {
        return new TensorMap(tensors, Map.of(), List.of());
    }
}
