package tk.modelfile.check;

import tk.error.TkException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.modelfile.check.ModelfileCheck.Finding;
import tk.modelfile.check.ModelfileCheck.Severity;
import tk.modelfile.store.ModelName;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a {@code FROM} means: a file, a folder, or, where there is neither, a name to be pulled. */
final class FromCheck {
    private FromCheck() {}

    /** The path as Ollama expands it. */
    static Path resolve(String path, Path folder) {
        String home = System.getProperty("user.home");
        if (path.equals("~")) return Path.of(home);
        if (path.startsWith("~/")) return Path.of(home, path.substring(2));
        return folder.resolve(path).normalize();
    }

    static List<Finding> of(String model, Path folder) {
        List<Finding> found = new ArrayList<>();
        Path path = resolve(model, folder);
        if (Files.isDirectory(path)) {
            folder(model, path, found);
        } else if (Files.exists(path)) {
            file(path, found);
        } else {
            name(model, found);
        }
        return found;
    }

    /** The chat template of a GGUF that is there. */
    static Optional<String> chatTemplate(String model, Path folder) {
        Path path = resolve(model, folder);
        if (!Files.isRegularFile(path) || !new GgufReader().recognises(path))
            return Optional.empty();
        try (GgufFile gguf = new GgufReader().open(path)) {
            return gguf.gguf().string("tokenizer.chat_template");
        } catch (TkException damaged) {
            return Optional.empty();
        }
    }

    private static void file(Path path, List<Finding> found) {
        if (!new GgufReader().recognises(path)) {
            found.add(
                    finding(
                            Severity.ERROR,
                            path
                                    + ": no GGUF file; Ollama takes GGUF files and folders of safetensors"));
            return;
        }
        try (GgufFile gguf = new GgufReader().open(path)) {
            found.add(
                    finding(
                            Severity.MEANING,
                            "the model in %s: GGUF, %s, %d tensors"
                                    .formatted(
                                            path,
                                            gguf.gguf()
                                                    .string("general.architecture")
                                                    .orElse("of no architecture"),
                                            gguf.tensors().size())));
            if (gguf.files().size() > 1) {
                found.add(
                        finding(
                                Severity.WARNING,
                                "a split GGUF: Ollama before 0.30 cannot import it; write one file"));
            }
        } catch (TkException e) {
            found.add(finding(Severity.ERROR, e.getMessage()));
        }
    }

    private static void folder(String model, Path path, List<Finding> found) {
        FolderImport folder = FolderImport.of(path);
        if (model.isEmpty()) {
            found.add(finding(Severity.WARNING, "FROM nothing is the Modelfile's own folder"));
        }
        folder.refusals().forEach(why -> found.add(finding(Severity.ERROR, why)));
        if (folder.refusals().isEmpty()) {
            found.add(
                    finding(
                            Severity.MEANING,
                            "the folder %s: Ollama converts %d files of weights itself"
                                    .formatted(path, folder.weights().size())));
        }
        folder.warnings().forEach(why -> found.add(finding(Severity.WARNING, why)));
    }

    private static void name(String model, List<Finding> found) {
        if (ModelName.find(model).isEmpty()) {
            found.add(
                    finding(
                            Severity.ERROR,
                            "%s: no such file or folder, and no name that a model can have"
                                    .formatted(model)));
            return;
        }
        found.add(
                finding(
                        Severity.MEANING,
                        "no file or folder %s here: taken as the name of a model, %s, from the store or else Ollama's registry"
                                .formatted(model, ModelName.parse(model))));
        if (model.matches("(?i).*\\.(gguf|bin|safetensors|pt|pth)")) {
            found.add(
                    finding(
                            Severity.WARNING,
                            model
                                    + " looks like a file, but there is none: Ollama will ask its registry for it"));
        }
    }

    private static Finding finding(Severity severity, String message) {
        return new Finding(0, severity, message);
    }
}
