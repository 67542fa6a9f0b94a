package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Sha256;
import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tensor.RefusedTensor;
import tk.tensor.Tensor;
import tk.testing.Originals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Files that torch itself writes for this test, of kinds that are seldom seen, bit for bit. */
@Tag("interop")
class OddFilesInteropTest {
    @TempDir static Path folder;

    @TestFactory
    Stream<DynamicTest> readsWhatTorchWrote() throws IOException, InterruptedException {
        Path script = folder.resolve("make.py");
        try (InputStream in = getClass().getResourceAsStream("make_odd_files.py")) {
            Files.copy(Objects.requireNonNull(in), script);
        }
        Originals.run(Originals.python(), script, folder);
        return Json.readObject(folder.resolve("expected.json")).members().entrySet().stream()
                .map(
                        file ->
                                DynamicTest.dynamicTest(
                                        file.getKey(),
                                        () ->
                                                compare(
                                                        file.getKey(),
                                                        (JsonObject) file.getValue())));
    }

    private static void compare(String name, JsonObject expected) {
        try (Checkpoint checkpoint = new TorchReader().open(folder.resolve(name + ".pt"))) {
            var found = new TreeMap<String, String>();
            var wanted = new TreeMap<String, String>();
            expected.members()
                    .forEach(
                            (tensor, value) -> {
                                Tensor read = checkpoint.tensors().get(tensor);
                                JsonArray facts = (JsonArray) value;
                                if (string(facts, 0).equals("refused")) {
                                    assertThat(read).as(tensor).isInstanceOf(RefusedTensor.class);
                                    assertThat(((RefusedTensor) read).reason())
                                            .contains(string(facts, 1));
                                } else {
                                    wanted.put(tensor, line(facts));
                                }
                            });
            checkpoint
                    .tensors()
                    .forEach(
                            (tensor, read) -> {
                                if (!(read instanceof RefusedTensor)) found.put(tensor, line(read));
                            });
            assertThat(found).isEqualTo(wanted);
            assertThat(checkpoint.tensors().keySet()).hasSameSizeAs(expected.members().keySet());
        }
    }

    private static String string(JsonArray array, int index) {
        return ((JsonString) array.items().get(index)).value();
    }

    private static String line(JsonArray facts) {
        List<Long> shape =
                ((JsonArray) facts.items().get(1))
                        .items().stream()
                                .map(n -> ((JsonNumber) n).asLong().orElseThrow())
                                .toList();
        return string(facts, 0) + " " + shape + " " + string(facts, 2);
    }

    private static String line(Tensor tensor) {
        return tensor.info().dtype().name() + " " + tensor.info().shape() + " " + Sha256.of(tensor);
    }
}
