package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.testing.Originals;
import tk.testing.Shared;

import java.nio.file.Files;
import java.nio.file.Path;

@Tag("interop")
class GgufInteropTest {
    @TempDir Path folder;

    private Path converted(Object... options) throws Exception {
        Path model = Shared.path("fixtures/containers/hf_float32").toAbsolutePath().normalize();
        Path file = folder.resolve("original.gguf");
        Object[] arguments = new Object[options.length + 3];
        arguments[0] = model;
        arguments[1] = "--outfile";
        arguments[2] = file;
        System.arraycopy(options, 0, arguments, 3, options.length);
        Originals.run(Originals.converter(), arguments);
        return file;
    }

    @Test
    void aRewrittenCopyOfTheConvertersFileIsTheSameFile() throws Exception {
        Path file = converted("--outtype", "f16");
        Path copy = folder.resolve("copy.gguf");
        try (GgufFile read = new GgufReader().open(file)) {
            new PlanWriter(2, Progress.NONE).write(GgufWriter.plan(read.gguf(), read, copy), false);
        }
        assertThat(Files.mismatch(file, copy)).isEqualTo(-1);
    }
}
