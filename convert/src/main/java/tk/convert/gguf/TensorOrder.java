package tk.convert.gguf;

import tk.checkpoint.Checkpoint;
import tk.tensor.FileRegion;
import tk.tensor.Tensor;

import java.util.Comparator;
import java.util.List;

/** The order of tensors in a GGUF file, by what they come from. */
public enum TensorOrder {
    /**
     * By name: what a folder of one safetensors file gives.
     *
     * <p>Used for everything that is no Hugging Face folder ({@code .pt}, Meta's shards), because
     * the file then equals that of the detour over such a folder.
     */
    BY_NAME,
    /**
     * By file, and within a file by name: what a folder of safetensors files gives. Where adapters
     * were merged, by name alone: what is computed lies in no file, and PEFT would save one.
     */
    BY_FILE_AND_NAME,
    /** As they stand: what a folder of {@code pytorch_model.bin} gives. */
    AS_STORED;

    /** The tensors in this order; {@code checkpoint}'s names are Hugging Face's. */
    List<Tensor> of(Checkpoint checkpoint) {
        Comparator<Tensor> byName = Comparator.comparing(tensor -> tensor.info().name());
        var tensors = checkpoint.tensors().values();
        boolean stored = tensors.stream().allMatch(tensor -> tensor.stored().isPresent());
        Comparator<Tensor> order =
                this == BY_FILE_AND_NAME && stored
                        ? Comparator.comparing(TensorOrder::file).thenComparing(byName)
                        : byName;
        return this == AS_STORED ? List.copyOf(tensors) : tensors.stream().sorted(order).toList();
    }

    private static String file(Tensor tensor) {
        return tensor.stored()
                .map(FileRegion::file)
                .map(file -> ModelOrigin.nameOf(file.path()))
                .orElse("");
    }
}
