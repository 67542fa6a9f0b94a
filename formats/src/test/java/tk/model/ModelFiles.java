package tk.model;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.Pattern;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Writes the files of small models into a folder. */
record ModelFiles(Path folder) {
    /** What a clone without Git LFS has in place of a large file. */
    static final String POINTER =
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5000000000\n";

    Path weights(String name, Tensor... tensors) {
        Path file = folder.resolve(name);
        new PlanWriter(1, Progress.NONE)
                .write(
                        SafetensorsWriter.plan(
                                Pattern.checkpoint(tensors), Map.of("format", "pt"), file),
                        false);
        return file;
    }

    Path text(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content, ISO_8859_1);
    }
}
