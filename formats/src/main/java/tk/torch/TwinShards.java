package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.error.MalformedException;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds a shard of Meta's that was copied over another, or fetched under its name. Shapes do not
 * tell, and a release without its checklist has nothing else that does; but no two parts of trained
 * matrices are alike.
 */
final class TwinShards {
    private static final List<String> MATRICES =
            List.of(
                    "layers.0.attention.wq.weight",
                    "layers.0.attention.wo.weight",
                    "layers.0.feed_forward.w1.weight");

    private static final long ROWS = 4;

    private TwinShards() {}

    /**
     * Reads a few rows of each shard.
     *
     * @throws MalformedException where two shards hold the same
     */
    static void refuse(List<Path> paths, List<Checkpoint> shards) {
        List<List<byte[]>> seen = new ArrayList<>();
        for (int i = 0; i < shards.size(); i++) {
            List<byte[]> rows = beginnings(shards.get(i));
            for (int j = 0; j < i; j++) {
                if (rows.isEmpty() || !areEqual(rows, seen.get(j))) continue;
                throw new MalformedException(
                        "%s: holds the values of %s, expected another part of each matrix"
                                .formatted(paths.get(i), paths.get(j).getFileName()),
                        "One was copied over the other: fetch both again.");
            }
            seen.add(rows);
        }
    }

    /** The first rows of some matrices, but for those that hold one value alone. */
    private static List<byte[]> beginnings(Checkpoint shard) {
        List<byte[]> all = new ArrayList<>();
        for (String name : MATRICES) {
            @Nullable Tensor tensor = shard.tensors().get(name);
            if (tensor == null) continue;
            byte[] rows = rows(tensor);
            if (!isConstant(rows, tensor.info().dtype().byteSize(1))) all.add(rows);
        }
        return all;
    }

    private static byte[] rows(Tensor tensor) {
        long count = Math.min(ROWS, tensor.info().shape().rows());
        long bytes = Math.multiplyExact(count, tensor.info().rowBytes());
        try (Scratch scratch = Scratch.borrow(bytes)) {
            tensor.readRows(0, count, scratch.segment());
            return scratch.segment().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static boolean isConstant(byte[] bytes, long size) {
        int step = (int) size;
        return Arrays.equals(bytes, step, bytes.length, bytes, 0, bytes.length - step);
    }

    private static boolean areEqual(List<byte[]> a, List<byte[]> b) {
        if (a.size() != b.size()) return false;
        for (int i = 0; i < a.size(); i++) if (!Arrays.equals(a.get(i), b.get(i))) return false;
        return true;
    }
}
