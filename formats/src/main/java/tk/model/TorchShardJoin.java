package tk.model;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.safetensors.ShardIndex;
import tk.tensor.Tensor;
import tk.torch.TorchReader;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * PyTorch shards as one checkpoint: shards in the order of their names, tensors in the order of
 * each shard's dict.
 */
final class TorchShardJoin {
    private TorchShardJoin() {}

    static Checkpoint open(Weights.TorchShards weights, TorchReader reader) {
        Map<String, String> weightMap =
                weights.index().map(index -> ShardIndex.read(index).weightMap()).orElse(null);
        List<Checkpoint> open = new ArrayList<>();
        try {
            SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
            Map<String, String> homes = new LinkedHashMap<>();
            Map<String, String> metadata = new LinkedHashMap<>();
            for (Path shard : weights.shards()) {
                Checkpoint checkpoint = reader.open(shard);
                open.add(checkpoint);
                checkpoint.metadata().forEach(metadata::putIfAbsent);
                String name = String.valueOf(shard.getFileName());
                for (Map.Entry<String, Tensor> tensor : checkpoint.tensors().entrySet()) {
                    // A tensor the index places elsewhere is a left-over that transformers ignores.
                    if (weightMap != null
                            && !weightMap.getOrDefault(tensor.getKey(), name).equals(name))
                        continue;
                    if (tensors.putIfAbsent(tensor.getKey(), tensor.getValue()) != null) {
                        throw new MalformedException(
                                "%s: tensor `%s` is both in %s and in %s"
                                        .formatted(
                                                weights.folder(),
                                                tensor.getKey(),
                                                homes.get(tensor.getKey()),
                                                name));
                    }
                    homes.put(tensor.getKey(), name);
                }
            }
            if (weightMap != null) requireAll(weights, weightMap, tensors);
            return new TensorMap(tensors.values(), metadata, open);
        } catch (RuntimeException e) {
            open.forEach(Checkpoint::close);
            throw e;
        }
    }

    private static void requireAll(
            Weights.TorchShards weights,
            Map<String, String> weightMap,
            SequencedMap<String, Tensor> tensors) {
        weightMap.forEach(
                (name, shard) -> {
                    if (!tensors.containsKey(name)) {
                        throw new MalformedException(
                                "%s: weight_map: tensor `%s` is said to lie in %s, which does not hold it"
                                        .formatted(weights.index().orElseThrow(), name, shard));
                    }
                });
    }
}
