package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Sha256;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.tensor.Tensor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The fixtures' manifests: dtype, shape and SHA-256 of each tensor by name. */
record Manifest(Map<String, String> tensors) {
    static Manifest read(Path file) {
        Map<String, String> tensors = new TreeMap<>();
        Json.readObject(file)
                .members()
                .forEach(
                        (name, value) -> {
                            JsonObject entry = (JsonObject) value;
                            tensors.put(
                                    name,
                                    line(
                                            string(entry, "dtype"),
                                            String.valueOf(shape(entry)),
                                            string(entry, "sha256")));
                        });
        return new Manifest(tensors);
    }

    private static String string(JsonObject entry, String member) {
        return entry.string(member).orElseThrow();
    }

    private static List<Long> shape(JsonObject entry) {
        List<Long> shape = new ArrayList<>();
        for (var dim : entry.array("shape").orElseThrow().items()) {
            shape.add(((tk.json.JsonValue.JsonNumber) dim).asLong().orElseThrow());
        }
        return shape;
    }

    private static String line(String dtype, String shape, String sha256) {
        return dtype + " " + shape + " " + sha256;
    }

    static Manifest of(Checkpoint checkpoint) {
        Map<String, String> tensors = new TreeMap<>();
        checkpoint.tensors().forEach((name, tensor) -> tensors.put(name, line(tensor)));
        return new Manifest(tensors);
    }

    private static String line(Tensor tensor) {
        return line(
                tensor.info().dtype().name(), tensor.info().shape().toString(), Sha256.of(tensor));
    }

    /** Without some names. */
    Manifest without(String... names) {
        Map<String, String> fewer = new TreeMap<>(tensors);
        for (String name : names) assertThat(fewer.remove(name)).isNotNull();
        return new Manifest(fewer);
    }
}
