package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShellWordTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "out/tr-mini | out/tr-mini",
                "çıktı/İĞ | çıktı/İĞ",
                "my model | 'my model'",
                "$HOME/x | '$HOME/x'",
                "~x | '~x'",
                "öğrencinin'ki | 'öğrencinin'\\''ki'",
                "`` | ''"
            })
    void quotesWhatAShellWouldReadOtherwise(String text, String word) {
        assertThat(ShellWord.of(text)).isEqualTo(word);
    }
}
