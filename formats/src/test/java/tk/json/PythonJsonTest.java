package tk.json;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonJsonTest {
    /** Right: what python3 prints for json.dumps(json.loads(left)). */
    @ParameterizedTest
    @CsvSource({
        "1e-5, 1e-05",
        "0.0001, 0.0001",
        "0.00001234, 1.234e-05",
        "5e5, 500000.0",
        "1E16, 1e+16",
        "1e15, 1000000000000000.0",
        "123456789012345678.0, 1.2345678901234568e+17",
        "1.0, 1.0",
        "0.10, 0.1",
        "0.1e1, 1.0",
        "-2.50, -2.5",
        "-0.0, -0.0",
        "0.0, 0.0",
        "-0, 0",
        "10000, 10000",
        "123456789012345678901234567890, 123456789012345678901234567890",
        "5e-324, 5e-324",
        "1.7976931348623157e308, 1.7976931348623157e+308",
        "2e-100, 2e-100",
        "9007199254740993.0, 9007199254740992.0",
    })
    void spellsNumbersAsPythonDoes(String read, String written) {
        JsonValue value = Json.parse(("[{\"n\":" + read + "}]").getBytes(UTF_8), "test");
        assertThat(JsonText.COMPACT.write(PythonJson.respelled(value)))
                .isEqualTo("[{\"n\":" + written + "}]");
    }
}
