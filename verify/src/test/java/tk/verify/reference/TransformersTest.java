package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.hf.ConfigReader;
import tk.safetensors.SafetensorsReader;
import tk.testing.Originals;

import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Every family and rotary scaling against transformers, within the original context and beyond. */
@Tag("interop")
class TransformersTest {
    @TempDir Path folder;

    @Test
    void logitsAreTransformers() throws Exception {
        Path script = folder.resolve("tiny_models.py");
        try (InputStream in = TransformersTest.class.getResourceAsStream("tiny_models.py")) {
            assertThat(in).isNotNull();
            Files.copy(in, script);
        }
        Path models = Files.createDirectory(folder.resolve("models"));
        Originals.run(Originals.python(), script, models);
        int count = 0;
        try (DirectoryStream<Path> each = Files.newDirectoryStream(models)) {
            for (Path path : each) {
                try (Checkpoint checkpoint =
                                new SafetensorsReader().open(path.resolve("model.safetensors"));
                        ReferenceModel model =
                                ReferenceModels.open(
                                        checkpoint,
                                        ConfigReader.read(path.resolve("config.json")))) {
                    Fixture.assertLogits(model, path.resolve("expected.safetensors"));
                }
                count++;
            }
        }
        assertThat(count).isEqualTo(13);
    }
}
