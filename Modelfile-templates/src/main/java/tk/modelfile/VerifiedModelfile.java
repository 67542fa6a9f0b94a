package tk.modelfile;

import tk.error.IoException;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Template;
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

    /** Whether a Modelfile may say less than it was asked to. */
    public enum Losses {
        /** No: refuse. */
        REFUSED,
        /** Yes: the model is installed too, where nothing is lost. */
        ALLOWED
    }

    /**
     * Writes {@code Modelfile} beside a verified model, or into it where it is a folder.
     *
     * @param verified the model; a file must lie in the folder where the Modelfile goes
     * @param instructions what follows {@code FROM}
     * @return what could not be expressed; empty where losses are refused
     * @throws tk.error.UsageException where an instruction cannot be expressed, or Ollama would
     *     refuse a parameter
     * @throws IllegalArgumentException where TEMPLATE is not the one that was verified
     */
    public static List<String> write(
            VerifiedArtifact verified, List<Instruction> instructions, Losses losses) {
        requireVerified(verified, instructions);
        boolean isFolder = Files.isDirectory(verified.path());
        Path folder = isFolder ? verified.path() : verified.path().toAbsolutePath().getParent();
        if (folder == null) throw new IllegalArgumentException("no folder: " + verified.path());
        List<Instruction> all = new ArrayList<>();
        all.add(new From(isFolder ? "." : "./" + verified.path().getFileName()));
        all.addAll(instructions);
        ModelfileWriter.Lossy written =
                losses == Losses.ALLOWED
                        ? ModelfileWriter.writeWhatCanBe(typed(all))
                        : new ModelfileWriter.Lossy(ModelfileWriter.write(checked(all)), List.of());
        Path file = folder.resolve("Modelfile");
        try {
            Files.write(file, written.text().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IoException(file + ": cannot be written: " + e.getMessage(), null, e);
        }
        return written.losses();
    }

    /**
     * Nothing where the instructions prompt the model by the template that its verification judged.
     *
     * @throws IllegalArgumentException where they have another, or none
     */
    public static void requireVerified(VerifiedArtifact verified, List<Instruction> instructions) {
        List<String> templates =
                instructions.stream()
                        .filter(Template.class::isInstance)
                        .map(instruction -> ((Template) instruction).text())
                        .toList();
        if (!templates.equals(verified.verification().promptTemplate().stream().toList()))
            throw new IllegalArgumentException("TEMPLATE is not the one that was verified");
    }

    /**
     * The instructions as a Modelfile, having been written and read back: for refusing early what
     * cannot be expressed.
     */
    public static Modelfile checked(List<Instruction> instructions) {
        Modelfile modelfile = typed(instructions);
        Modelfile readBack = ModelfileParser.parse(ModelfileWriter.write(modelfile), "Modelfile");
        if (!readBack.equals(modelfile)) {
            throw new IllegalStateException("a Modelfile reads back as another: " + readBack);
        }
        return modelfile;
    }

    /** The instructions as a Modelfile whose parameters Ollama takes, expressible or not. */
    public static Modelfile typed(List<Instruction> instructions) {
        for (Instruction instruction : instructions) {
            if (instruction instanceof Parameter(String name, String value))
                OllamaParameters.check(name, value);
        }
        return new Modelfile(instructions);
    }
}
