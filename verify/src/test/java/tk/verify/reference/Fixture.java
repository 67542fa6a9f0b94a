package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.Scalars;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Numbers that torch computed, in a safetensors file: {@code ids.N} and {@code logits.N}. */
final class Fixture {
    private final MemorySegment file;
    private final JsonObject header;
    private final long data;

    Fixture(Path path) {
        try {
            file = MemorySegment.ofArray(Files.readAllBytes(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        data = 8 + file.get(Scalars.LE_LONG, 0);
        byte[] json = file.asSlice(8, data - 8).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        header = (JsonObject) Json.parse(json, path.toString());
    }

    boolean has(String name) {
        return header.get(name).isPresent();
    }

    private MemorySegment bytes(String name) {
        List<Long> offsets = longs(header.object(name).orElseThrow().array("data_offsets"));
        return file.asSlice(data + offsets.get(0), offsets.get(1) - offsets.get(0));
    }

    private static List<Long> longs(java.util.Optional<JsonArray> array) {
        return array.orElseThrow().items().stream()
                .map(v -> ((JsonNumber) v).asLong().orElseThrow())
                .toList();
    }

    int[] ids(String name) {
        MemorySegment bytes = bytes(name);
        int[] ids = new int[(int) (bytes.byteSize() / 8)];
        Arrays.setAll(ids, i -> (int) bytes.get(Scalars.LE_LONG, 8L * i));
        return ids;
    }

    float[] floats(String name) {
        MemorySegment bytes = bytes(name);
        float[] values = new float[(int) (bytes.byteSize() / 4)];
        for (int i = 0; i < values.length; i++) values[i] = bytes.get(Scalars.LE_FLOAT, 4L * i);
        return values;
    }

    /**
     * Asserts that a model gives the logits of every prompt: of its last positions, where fewer.
     */
    static void assertLogits(ReferenceModel model, Path file) {
        Fixture fixture = new Fixture(file);
        assertThat(fixture.has("ids.0")).isTrue();
        for (int n = 0; fixture.has("ids." + n); n++) {
            int[] ids = fixture.ids("ids." + n);
            float[] expected = fixture.floats("logits." + n);
            int vocabulary = model.vocabularySize();
            int first = ids.length - expected.length / vocabulary;
            float[] most = {0};
            model.logits(
                    ids,
                    first,
                    (position, logits) -> {
                        for (int v = 0; v < vocabulary; v++) {
                            float want = expected[(position - first) * vocabulary + v];
                            most[0] = Math.max(most[0], Math.abs(want - logits[v]));
                        }
                    });
            assertThat(most[0]).as("%s, prompt %d", file, n).isCloseTo(0, within(1e-3f));
        }
    }
}
