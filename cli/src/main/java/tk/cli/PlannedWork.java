package tk.cli;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.StagedOutput;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a dry run tells besides the quantizer's table: what the real run needs, and the tensors. */
final class PlannedWork {
    private PlannedWork() {}

    /** {@code result} with the bytes of disk and memory that the real run needs. */
    static JsonObject withNeeds(JsonObject result, Path target, long bytes) {
        return result.with(
                        "disk",
                        JsonValue.of(
                                Map.of("needed", bytes, "free", StagedOutput.freeSpace(target))))
                .with("memory", JsonValue.of(memory()));
    }

    /** The same for people, a line. */
    static String needs(Path target, long bytes) {
        return "Needs %s of disk (%s are free) and at most %s of memory. Nothing was written (--dry-run)."
                .formatted(
                        Sizes.bytes(bytes),
                        Sizes.bytes(StagedOutput.freeSpace(target)),
                        Sizes.bytes(memory()));
    }

    /** Rows are streamed: whatever the model's size, this is what the machine may use. */
    private static long memory() {
        return Runtime.getRuntime().maxMemory();
    }

    /**
     * Each tensor with its types, as JSON.
     *
     * @param source the tensors under the names that are written, in the source's types
     */
    static JsonArray tensors(Checkpoint source, Checkpoint written) {
        List<JsonValue> all = new ArrayList<>();
        for (Tensor tensor : written.tensors().values()) {
            TensorInfo info = tensor.info();
            all.add(
                    new JsonObject(new LinkedHashMap<>())
                            .with("name", JsonValue.of(info.name()))
                            .with("from", JsonValue.of(from(source, info)))
                            .with("to", JsonValue.of(info.dtype().name()))
                            .with("bytes", JsonValue.of(info.byteSize())));
        }
        return new JsonArray(all);
    }

    /** Each tensor with its types, a line. */
    static String table(Checkpoint source, Checkpoint written) {
        int names = written.tensors().keySet().stream().mapToInt(String::length).max().orElse(1);
        StringBuilder out = new StringBuilder();
        for (Tensor tensor : written.tensors().values()) {
            TensorInfo info = tensor.info();
            out.append(
                    String.format(
                            Locale.ROOT,
                            "%-" + names + "s  %-16s %6s -> %s%n",
                            info.name(),
                            info.shape(),
                            from(source, info),
                            info.dtype()));
        }
        return out.toString();
    }

    /**
     * What is made on the way, such as rows for byte tokens, has the type that it is written in.
     */
    private static String from(Checkpoint source, TensorInfo written) {
        Tensor tensor = source.tensors().get(written.name());
        return (tensor == null ? written : tensor.info()).dtype().name();
    }
}
