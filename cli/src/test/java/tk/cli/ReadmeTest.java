package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs every tk command of the README files, in order, as they stand there. The large models of the
 * recipes are stood in for by small ones of the same kind, from beside the checkout; where these
 * are missing, such a command is only read.
 */
class ReadmeTest {
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

    private static final String FIXTURES =
            System.getProperty("tk.shared", "../../shared") + "/fixtures";

    /** Small models of the kinds that the recipes name, below the folder of shared fixtures. */
    private static final Map<String, String> STAND_INS =
            Map.of(
                    "models/llama-2-7b-chat", "meta/llama2_mha/mp2",
                    "models/llama-2-7b-hf", "lora/base_untied",
                    "models/turkish-chat-lora", "lora/adapters/trendyol_r64_a128",
                    "models/llama-3-8b-instruct", "llama3/base/hf");

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "README.tr.md"})
    void everyCommandDoesWhatItSays(String readme) throws IOException {
        int commands = 0;
        boolean code = false;
        for (String line : Files.readAllLines(Path.of("..", readme))) {
            if (line.startsWith("```")) code = line.equals("```sh");
            if (!code || !line.startsWith("./tk ")) continue;
            List<String> words = words(line.substring(5));
            boolean isThere =
                    words.stream()
                            .filter(word -> word.startsWith(FIXTURES + "/"))
                            .allMatch(word -> Files.exists(Path.of(word)));
            if (!isThere) words = List.of(words.getFirst(), "--help");
            CommandLineTest.Run run = OllamaStoreTest.tk(folder.resolve("ollama"), words.toArray());
            assertThat(run.exit()).as("%s: %s%n%s", readme, line, run.err()).isZero();
            commands++;
        }
        assertThat(commands).isGreaterThan(3);
    }

    /**
     * The words of a line as a shell splits them, with the repository's folders where they are now.
     */
    private List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher m = WORD.matcher(line);
        while (m.find()) {
            String word =
                    m.group(1) != null ? m.group(1) : m.group(2) != null ? m.group(2) : m.group(3);
            if (word.startsWith("#")) break;
            String standIn = STAND_INS.get(word);
            words.add(
                    standIn != null
                            ? FIXTURES + "/" + standIn
                            : word.replaceFirst(
                                            "^examples/", CommandLineTest.EXAMPLE.getParent() + "/")
                                    .replaceFirst("^out/", folder + "/"));
        }
        return words;
    }
}
