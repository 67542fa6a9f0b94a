package tk.modelfile;

import tk.error.UsageException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The Go templates that tk ships, as data: one file each among this package's resources. */
public final class OllamaTemplates {
    /** For base models: the system text, a blank line, the prompt; nothing else. */
    public static final String PLAIN = "plain";

    private static final List<String> NAMES = List.of(PLAIN);

    private OllamaTemplates() {}

    /** Their names. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * The text of one.
     *
     * @throws UsageException where there is none of that name
     */
    public static String named(String name) {
        if (!NAMES.contains(name)) {
            throw new UsageException(
                    "no template `" + name + "`",
                    "Templates: " + String.join(", ", NAMES) + ", or a file with one.");
        }
        try (InputStream in =
                OllamaTemplates.class.getResourceAsStream("templates/" + name + ".gotmpl")) {
            if (in == null)
                throw new IllegalStateException("template " + name + " is missing from tk itself");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
