package tk.hf;

import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Splits a state dict into shards as {@code save_pretrained} does: in order, beginning a new shard
 * where the next tensor would make it too large; a tensor larger than a shard gets one of its own,
 * which comes before the shard being filled.
 *
 * <p>Source: huggingface_hub 1.23, {@code split_state_dict_into_shards_factory}.
 */
final class Sharding {
    private Sharding() {}

    /** The shards' tensors, none empty; a single one where all fit. */
    static List<List<Tensor>> split(List<Tensor> tensors, long maxShardSize) {
        List<List<Tensor>> shards = new ArrayList<>();
        List<Tensor> current = new ArrayList<>();
        long size = 0;
        for (Tensor tensor : tensors) {
            long bytes = tensor.info().byteSize();
            if (bytes > maxShardSize) {
                shards.add(List.of(tensor));
                continue;
            }
            if (bytes > maxShardSize - size) {
                shards.add(current);
                current = new ArrayList<>();
                size = 0;
            }
            current.add(tensor);
            size += bytes;
        }
        if (!current.isEmpty()) shards.add(current);
        return shards;
    }

    /** The file name of shard {@code index}, from 0 on, of {@code count}. */
    static String name(int index, int count) {
        return count == 1
                ? "model.safetensors"
                : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", index + 1, count);
    }
}
