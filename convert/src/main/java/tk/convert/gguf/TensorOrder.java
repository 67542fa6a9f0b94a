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
    /** By file, and within a file by name: what a folder of safetensors files gives. */
    BY_FILE_AND_NAME,
    /** As they stand: what a folder of {@code pytorch_model.bin} gives. */
    AS_STORED;

    /** The tensors in this order; {@code checkpoint}'s names are Hugging Face's. */
    List<Tensor> of(Checkpoint checkpoint) {
        Comparator<Tensor> byName = Comparator.comparing(tensor -> tensor.info().name());
        var tensors = checkpoint.tensors().values().stream();
        return switch (this) {
            case BY_NAME -> tensors.sorted(byName).toList();
            case BY_FILE_AND_NAME ->
                    tensors.sorted(Comparator.comparing(TensorOrder::file).thenComparing(byName))
                            .toList();
            case AS_STORED -> tensors.toList();
        };
    }

    private static String file(Tensor tensor) {
        return tensor.stored()
                .map(FileRegion::file)
                .map(file -> ModelOrigin.nameOf(file.path()))
                .orElse("");
    }
}
