package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Sha256;
import tk.error.TkException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tensor.Tensor;
import tk.testing.Shared;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Checkpoints that other projects made, against what torch reads from them. */
class ThirdPartyTorchTest {
    private static final Map<String, String> DTYPES =
            Map.of(
                    "float32",
                    "F32",
                    "float64",
                    "F64",
                    "float16",
                    "F16",
                    "bfloat16",
                    "BF16",
                    "int64",
                    "I64",
                    "int32",
                    "I32",
                    "int16",
                    "I16",
                    "int8",
                    "I8",
                    "uint8",
                    "U8",
                    "bool",
                    "BOOL");

    @TestFactory
    Stream<DynamicTest> agreesWithTorch() {
        Path folder = Shared.path("third-party");
        return Json.readObject(Shared.path("third-party/torch-expected.json"))
                .members()
                .entrySet()
                .stream()
                .map(
                        entry ->
                                DynamicTest.dynamicTest(
                                        entry.getKey(),
                                        () ->
                                                agrees(
                                                        folder.resolve(entry.getKey()),
                                                        (JsonObject) entry.getValue())));
    }

    private static void agrees(Path file, JsonObject expected) {
        if (expected.string("weights_only").orElseThrow().startsWith("REFUSED")) {
            assertThatThrownBy(() -> new TorchReader().open(file)).isInstanceOf(TkException.class);
            return;
        }
        Map<String, String> wanted = new LinkedHashMap<>();
        for (JsonValue item : expected.array("tensors").orElseThrow().items()) {
            JsonArray tensor = (JsonArray) item;
            String name = ((JsonString) tensor.items().get(0)).value();
            String dtype = ((JsonString) tensor.items().get(1)).value();
            String shape =
                    ((JsonArray) tensor.items().get(2))
                            .items().stream().map(n -> ((JsonNumber) n).text()).toList().toString();
            String sha256 =
                    tensor.items().get(5) instanceof JsonString s ? s.value() : "nothing to hash";
            wanted.put(name, DTYPES.get(dtype) + " " + shape + " " + sha256);
        }
        try (Checkpoint checkpoint = new TorchReader().open(file)) {
            String key = checkpoint.metadata().getOrDefault("torch.key", "");
            String prefix = key.isEmpty() ? "" : key + ".";
            wanted.keySet().removeIf(name -> name.startsWith("optimizer"));
            assertThat(checkpoint.tensors()).hasSameSizeAs(wanted);
            checkpoint
                    .tensors()
                    .forEach(
                            (name, tensor) ->
                                    assertThat(line(tensor))
                                            .as(name)
                                            .isEqualTo(wanted.get(prefix + name)));
        }
    }

    private static String line(Tensor tensor) {
        String sha256 =
                tensor.info().byteSize() == 0
                        ? "nothing to hash"
                        : Sha256.of(tensor).substring(0, 16);
        return tensor.info().dtype() + " " + tensor.info().shape() + " " + sha256;
    }
}
