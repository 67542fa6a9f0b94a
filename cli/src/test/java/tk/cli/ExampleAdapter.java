package tk.cli;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A random LoRA for the example model, as a folder. */
final class ExampleAdapter {
    private static final int LAYERS = 6;
    private static final int HIDDEN = 256;
    private static final int RANK = 4;

    private final Map<String, Object> config = new LinkedHashMap<>();
    private final List<Tensor> tensors = new ArrayList<>();

    /** On the query and value projections of all layers, small enough to leave the model one. */
    ExampleAdapter() {
        this(HIDDEN);
    }

    /** The same for a model so wide. */
    ExampleAdapter(int hidden) {
        config.put("peft_type", "LORA");
        config.put("r", RANK);
        config.put("lora_alpha", 8);
        config.put("target_modules", List.of("q_proj", "v_proj"));
        Random random = new Random(3);
        for (int layer = 0; layer < LAYERS; layer++) {
            for (String module : List.of("q_proj", "v_proj")) {
                String name = "base_model.model.model.layers." + layer + ".self_attn." + module;
                tensors.add(random(name + ".lora_A.weight", random, RANK, hidden));
                tensors.add(random(name + ".lora_B.weight", random, hidden, RANK));
            }
        }
    }

    ExampleAdapter with(String key, Object value) {
        config.put(key, value);
        return this;
    }

    ExampleAdapter without(String ending) {
        tensors.removeIf(tensor -> tensor.info().name().endsWith(ending));
        return this;
    }

    ExampleAdapter with(Tensor tensor) {
        tensors.add(tensor);
        return this;
    }

    /** Of values around 0, a twentieth apart. */
    static Tensor random(String name, Random random, long... shape) {
        TensorInfo info = new TensorInfo(name, DType.F32, new Shape(shape));
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(info.byteSize())]);
        for (long i = 0; i < info.shape().elements(); i++) {
            bytes.set(Scalars.LE_FLOAT, 4 * i, (float) (random.nextGaussian() / 20));
        }
        return new InMemory(info, bytes);
    }

    /** Of one value. */
    static Tensor filled(String name, float value, long... shape) {
        TensorInfo info = new TensorInfo(name, DType.F32, new Shape(shape));
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(info.byteSize())]);
        for (long i = 0; i < info.shape().elements(); i++) {
            bytes.set(Scalars.LE_FLOAT, 4 * i, value);
        }
        return new InMemory(info, bytes);
    }

    /** A tensor whose bytes are there. */
    record InMemory(TensorInfo info, MemorySegment bytes) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long row = info.rowBytes();
            MemorySegment.copy(bytes, first * row, into, 0, count * row);
        }
    }

    /** Writes the folder. */
    Path in(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(
                    folder.resolve("adapter_config.json"),
                    JsonText.PRETTY.write(JsonValue.of(config)));
            new PlanWriter(1, Progress.NONE)
                    .write(
                            SafetensorsWriter.plan(
                                    new TensorMap(tensors, Map.of(), List.of()),
                                    Map.of("format", "pt"),
                                    folder.resolve("adapter_model.safetensors")),
                            true);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
