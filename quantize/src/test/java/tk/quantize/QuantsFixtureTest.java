package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.testing.Shared;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Arrays;

/** What gguf-py makes of blocks and of values. */
class QuantsFixtureTest {
    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void dequantizesAsGgufPy(DType type) throws IOException {
        Fixture fixture = Fixture.read("fixtures/quants/dequantize.safetensors");
        byte[] blocks = fixture.bytes(type + ".bytes");
        float[] expected = fixture.floats(type + ".f32");
        float[] actual = new float[expected.length];
        FloatRows.widen(type, MemorySegment.ofArray(blocks), 0, actual, 0, actual.length);
        assertThat(actual).containsExactly(expected);
    }

    @ParameterizedTest
    @MethodSource("types")
    void quantizesAsGgufPy(DType type) throws IOException {
        Fixture fixture = Fixture.read("fixtures/quants/quantize.safetensors");
        assumeTrue(fixture.has(type + ".bytes"), "gguf-py quantizes no " + type);
        float[] x = fixture.floats("x");
        byte[] actual = new byte[(int) type.byteSize(x.length)];
        BlockCodecs.of(type).quantizeRow(x, 0, x.length, null, actual, 0);
        assertThat(actual).containsExactly(fixture.bytes(type + ".bytes"));
        float[] back = new float[x.length];
        BlockCodecs.of(type).dequantizeRow(actual, 0, back, 0, x.length);
        assertThat(back).containsExactly(fixture.floats(type + ".f32"));
    }

    /** A safetensors file: the length of a JSON header, the header, the data. */
    private record Fixture(JsonObject header, byte[] file, int data) {
        static Fixture read(String path) throws IOException {
            byte[] file = Files.readAllBytes(Shared.path(path));
            int length = MemorySegment.ofArray(file).get(Scalars.LE_INT, 0);
            byte[] header = Arrays.copyOfRange(file, 8, 8 + length);
            return new Fixture((JsonObject) Json.parse(header, path), file, 8 + length);
        }

        boolean has(String tensor) {
            return header.get(tensor).isPresent();
        }

        byte[] bytes(String tensor) {
            JsonArray offsets =
                    header.object(tensor).flatMap(t -> t.array("data_offsets")).orElseThrow();
            return Arrays.copyOfRange(file, data + offset(offsets, 0), data + offset(offsets, 1));
        }

        private static int offset(JsonArray offsets, int i) {
            return (int) ((JsonNumber) offsets.items().get(i)).asDouble();
        }

        float[] floats(String tensor) {
            byte[] bytes = bytes(tensor);
            float[] values = new float[bytes.length / 4];
            Scalars.widen(DType.F32, MemorySegment.ofArray(bytes), 0, values, 0, values.length);
            return values;
        }
    }
}
