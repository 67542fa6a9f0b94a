package tk.safetensors;

import tk.error.MalformedException;
import tk.error.UnsafeException;
import tk.error.UnsupportedException;
import tk.json.JsonStream;
import tk.tensor.SourceFile;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * A {@code *.index.json}: which shard holds which tensor.
 *
 * @param weightMap shard's file name by tensor name; a file name is a single path element
 */
public record ShardIndex(SequencedMap<String, String> weightMap) {
    private static final int MAX_SIZE = 100_000_000;
    private static final int MAX_TENSORS = 1 << 18;

    /**
     * Reads an index.
     *
     * @throws MalformedException where it is no JSON object with a {@code weight_map} of strings
     * @throws UnsafeException where it names a file outside its folder
     */
    public static ShardIndex read(Path path) {
        SequencedMap<String, String> weights = new TreeMap<>();
        Map<String, String> shards = new HashMap<>();
        boolean[] found = new boolean[1];
        try (SourceFile file = SourceFile.open(path)) {
            if (file.size() > MAX_SIZE) {
                throw new MalformedException(
                        "%s: %s bytes, expected an index of at most %s"
                                .formatted(path, file.size(), MAX_SIZE));
            }
            JsonStream.read(
                    file.stream(0, file.size()),
                    path.toString(),
                    json ->
                            json.members(
                                    member -> {
                                        if (!member.equals("weight_map")) {
                                            json.skip();
                                            return;
                                        }
                                        found[0] = true;
                                        json.members(
                                                tensor -> {
                                                    String shard = json.string();
                                                    checkName(path, tensor, shard);
                                                    String known = shards.putIfAbsent(shard, shard);
                                                    weights.put(
                                                            tensor, known == null ? shard : known);
                                                    checkSize(path, weights.size());
                                                });
                                    }));
        }
        if (!found[0]) {
            throw new MalformedException(path + ": no `weight_map`, so it is no index of shards");
        }
        return new ShardIndex(weights);
    }

    private static void checkName(Path path, String tensor, String shard) {
        boolean plain =
                !shard.isEmpty()
                        && !shard.equals(".")
                        && !shard.equals("..")
                        && shard.chars()
                                .noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < 32);
        if (!plain) {
            throw new UnsafeException(
                    "%s: weight_map: tensor `%s` is said to lie in `%s`, expected a file name without folders"
                            .formatted(path, tensor, shard),
                    "An index may only name files of its own folder.");
        }
    }

    private static void checkSize(Path path, int tensors) {
        if (tensors > MAX_TENSORS) {
            throw new UnsupportedException(
                    "%s: weight_map: more than %s tensors".formatted(path, MAX_TENSORS));
        }
    }
}
