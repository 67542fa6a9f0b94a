package tk.modelfile;

import tk.error.IoException;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.Parameter;
import tk.verify.VerifiedArtifact;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The one place where a Modelfile is written: it asks for an artifact that passed its verification.
 */
public final class VerifiedModelfile {
    private VerifiedModelfile() {}

    /**
     * Writes {@code Modelfile} beside a verified model.
     *
     * @param verified the model; the file must lie in the folder where the Modelfile goes
     * @param instructions what follows {@code FROM}
     * @return the Modelfile
     * @throws tk.error.UsageException where an instruction cannot be expressed, or Ollama would
     *     refuse a parameter
     */
    public static Path write(VerifiedArtifact verified, List<Instruction> instructions) {
        Path folder = verified.path().toAbsolutePath().getParent();
        if (folder == null) throw new IllegalArgumentException("no folder: " + verified.path());
        List<Instruction> all = new ArrayList<>();
        all.add(new From("./" + verified.path().getFileName()));
        all.addAll(instructions);
        Modelfile modelfile = checked(all);
        Path file = folder.resolve("Modelfile");
        try {
            return Files.write(
                    file, ModelfileWriter.write(modelfile).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IoException(file + ": cannot be written: " + e.getMessage(), null, e);
        }
    }

    /**
     * The instructions as a Modelfile, having been written and read back: for refusing early what
     * cannot be expressed.
     */
    public static Modelfile checked(List<Instruction> instructions) {
        for (Instruction instruction : instructions) {
            if (instruction instanceof Parameter(String name, String value))
                OllamaParameters.check(name, value);
        }
        Modelfile modelfile = new Modelfile(instructions);
        Modelfile readBack = ModelfileParser.parse(ModelfileWriter.write(modelfile), "Modelfile");
        if (!readBack.equals(modelfile)) {
            throw new IllegalStateException("a Modelfile reads back as another: " + readBack);
        }
        return modelfile;
    }
}
