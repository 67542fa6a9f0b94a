package tk.verify.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.verify.evaluation.EvaluationItem.Choice;
import tk.verify.evaluation.EvaluationItem.Generation;
import tk.verify.evaluation.EvaluationItem.Text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class EvaluationDataTest {
    @TempDir Path folder;

    @Test
    void readsEveryForm() throws IOException {
        assertThat(
                        read(
                                "\ufeff{\"prompt\": \"2+2=\", \"choices\": [\"3\", \"4\"], \"answer\": 1, \"id\": 7}\n"
                                        + "\n"
                                        + "{\"prompt\": \"p\", \"choices\": [\"a\", \"b\"], \"answer\": \"a\"}\n"
                                        + "{\"prompt\": \"q\", \"reference\": \"r\"}\n"
                                        + "{\"prompt\": \"q\", \"references\": [\"r\", \"s\"], \"max_tokens\": 9, \"stop\": \".\"}\r\n"
                                        + "{\"text\": \"çay\"}"))
                .containsExactly(
                        new Choice("2+2=", List.of("3", "4"), 1),
                        new Choice("p", List.of("a", "b"), 0),
                        new Generation("q", List.of("r"), 0, List.of()),
                        new Generation("q", List.of("r", "s"), 9, List.of(".")),
                        new Text("çay"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[]",
                "{\"prompt\": \"x\"}",
                "{\"prompt\": 3, \"reference\": \"r\"}",
                "{\"choices\": [\"a\", \"b\"], \"answer\": 0}",
                "{\"prompt\": \"x\", \"choices\": [\"a\"], \"answer\": 0}",
                "{\"prompt\": \"x\", \"choices\": [\"a\", 1], \"answer\": 0}",
                "{\"prompt\": \"x\", \"choices\": [\"a\", \"b\"], \"answer\": 2}",
                "{\"prompt\": \"x\", \"choices\": [\"a\", \"b\"], \"answer\": -1}",
                "{\"prompt\": \"x\", \"choices\": [\"a\", \"b\"], \"answer\": \"c\"}",
                "{\"prompt\": \"x\", \"choices\": [\"a\", \"b\"]}",
                "{\"prompt\": \"x\", \"references\": []}",
                "{\"prompt\": \"x\", \"reference\": \"r\", \"max_tokens\": -1}",
                "{\"prompt\": \"x\", \"reference\": \"r\", \"max_tokens\": \"9\"}",
                "{\"prompt\": \"x\", \"choices\": [\"a\", \"b\"], \"answer\": 4294967296}",
                "{\"text\": 1}"
            })
    void namesTheLineThatIsNoneOfThem(String line) {
        assertThatThrownBy(() -> read("{\"text\": \"fine\"}\n" + line))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("line 2")
                .message()
                .doesNotContain("line 1")
                .doesNotContain("REDACTED");
    }

    @Test
    void refusesAnEmptyFile() {
        assertThatThrownBy(() -> read("\n\n")).isInstanceOf(MalformedException.class);
    }

    private List<EvaluationItem> read(String content) throws IOException {
        return EvaluationData.read(Files.writeString(folder.resolve("data.jsonl"), content));
    }
}
