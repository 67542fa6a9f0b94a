package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.error.MalformedException;
import tk.error.UnsupportedException;

import java.util.ArrayList;
import java.util.List;

/** Matches as Oniguruma gives them to tokenizers 0.22, each measured with it. */
class OnigurumaTest {
    private static List<String> matches(String regex, String text) {
        List<String> found = new ArrayList<>();
        RegexPreTokenizer.ofOniguruma(regex, "pattern")
                .find(
                        text,
                        0,
                        text.length(),
                        (from, to, match) -> {
                            if (match) found.add(text.substring(from, to));
                        });
        return found;
    }

    @Test
    void joinersAreNoWordCharacters() {
        assertThat(matches("\\w+", "a\u200db")).containsExactly("a", "b");
        assertThat(matches("[^\\w\\s]", "a\u200db")).containsExactly("\u200d");
    }

    @Test
    void brokenNumbersAreWordCharactersOutsideOfBracketsOnly() {
        assertThat(matches("\\w", "½²Ⅷ")).containsExactly("½", "²", "Ⅷ");
        assertThat(matches("[\\w]", "½²Ⅷ")).containsExactly("Ⅷ");
        assertThat(matches("\\W", "½-")).containsExactly("-");
    }

    @ParameterizedTest
    @CsvSource({
        "[[:punct:]], a+b!, +!",
        "[[:alpha:]_], a1_ğ, a_ğ",
        "[[:^alpha:]], a1ğ, 1",
        "\\h, xF9g, F9",
        "\\p{Han}, 日ほa, 日",
        "\\p{Lu}, aB, B",
        "(?i:s), Sxſ, Sſ"
    })
    void classesAreOnigurumas(String regex, String text, String all) {
        assertThat(String.join("", matches(regex, text))).isEqualTo(all);
    }

    @Test
    void whatItDoesNotReadItNames() {
        assertThatThrownBy(() -> matches("[[:graph:]]", "a"))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("[:graph:]");
        assertThatThrownBy(() -> matches("(", "a")).isInstanceOf(MalformedException.class);
    }
}
