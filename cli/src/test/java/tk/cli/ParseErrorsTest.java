package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.cli.CommandLineTest.Run;

import java.nio.file.Path;

/** Command lines with a slip in them: each is told what is wrong, before anything is done. */
class ParseErrorsTest {
    private static final Path PT = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "inpect x                        | no command `inpect`             | Did you mean inspect?",
                "--json inspect x                | `--json` stands before          | tk COMMAND --json",
                "inspect --hsh x                 | unknown option `--hsh`          | Did you mean --hash?",
                "inspect x y                     | `y` is an argument too many     | tk inspect --help",
                "convert --force pt- in out      | `pt-` is a cut-off route        | tk convert 'pt->hf'",
                "package x                       | no output folder given          | tk package INPUT -o DIR",
                "package x a -o b                | two output folders              | tk package INPUT -o DIR",
                "package x a --parameter num_ctx 4096 | --parameter num_ctx        | KEY=VALUE",
                "package x a --num-ctx many      | `many` is no whole number       | ",
                "package x a --min-top1 95       | --min-top1 95                   | from 0 to 1",
                "package x a --max-kld NaN       | --max-kld NaN                   | from 0",
                "package x a --threads -1        | --threads -1                    | positive number",
                "package x a --progress loud     | [AUTO, PLAIN, NONE]             | tk package --help",
                "package x a --color red         | [AUTO, ALWAYS, NEVER]           | tk package --help",
            })
    void saysWhatIsWrongAndWhatToDo(String arguments, String message, String hint) {
        Run run = tk((Object[]) arguments.strip().split(" "));
        assertThat(run.exit()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(message.strip());
        if (hint != null) assertThat(run.err()).contains(hint.strip());
    }

    @Test
    void theContextHasAnOptionOfItsOwnAndTheFolderNeedsNone() {
        Run run =
                tk(
                        "package",
                        PT,
                        folder.resolve("out"),
                        "--num-ctx",
                        "4096",
                        "--dry-run",
                        "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.err()).contains("num_ctx 4096: the model was trained on 256 positions");
        assertThat(run.json().array("warnings").orElseThrow().items())
                .singleElement()
                .asString()
                .contains("num_ctx 4096");
    }
}
