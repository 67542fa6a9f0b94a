package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Folders that are no adapter themselves, and configurations of other programs and versions. */
final class AdapterTest {
    @TempDir Path folder;

    private Path config(String inner, String json) throws IOException {
        Path file = folder.resolve(inner).resolve(Adapter.CONFIG);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, json);
    }

    @Test
    void aTrainersFolderIsToldWhichCheckpointIsTheLast() throws IOException {
        config("checkpoint-90", "{}");
        config("checkpoint-100", "{}");
        assertThatThrownBy(() -> Adapter.open(folder))
                .isInstanceOf(MalformedException.class)
                .asInstanceOf(type(TkException.class))
                .satisfies(e -> assertThat(e.hint()).contains("checkpoint-100"));
    }

    @Test
    void anAdapterOfMlxIsCalledSo() throws IOException {
        Path file = config("mlx", "{\"lora_parameters\": {\"rank\": 8, \"scale\": 20.0}}");
        assertThatThrownBy(() -> AdapterConfig.read(file))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("mlx-lm");
    }

    @Test
    void settingsOfNewerVersionsAreToldUnlessTheyAreOff() throws IOException {
        String json =
                """
                {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "loftq_config": {},
                 "new_kind": true, "new_list": [1], "other": false, "empty": {}, "none": null, "zero": 0}
                """;
        assertThat(AdapterConfig.read(config("new", json)).unknown())
                .containsExactly("new_kind", "new_list");
    }
}
