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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs every tk command of the README files, in order, as they stand there. */
class ReadmeTest {
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

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
            CommandLineTest.Run run = CommandLineTest.tk(words.toArray());
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
            words.add(
                    word.replaceFirst("^examples/", CommandLineTest.EXAMPLE.getParent() + "/")
                            .replaceFirst("^out/", folder + "/"));
        }
        return words;
    }
}
