package tk.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.MalformedException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class JsonTest {
    @TempDir Path folder;

    @Test
    void aMarkBeforeAFilesTextIsPassedOver() throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), "\ufeff{\"r\": 8}");
        assertThat(Json.readObject(file).number("r")).isPresent();
    }

    /** A header within a file has none: there it is damage. */
    @Test
    void aMarkWithinAFileIsNotPassedOver() {
        byte[] bytes = "\ufeff{}".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> Json.parse(bytes, "header"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("header: not valid JSON");
    }
}
