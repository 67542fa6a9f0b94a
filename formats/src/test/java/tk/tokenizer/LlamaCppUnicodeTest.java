package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

class LlamaCppUnicodeTest {
    @Test
    void whatUnicode16AddedIsThere() {
        // 5185 characters, as its release notes say.
        long added =
                IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                        .filter(LlamaCppUnicode::isNew)
                        .filter(Character::isDefined)
                        .count();
        assertThat(added).isEqualTo(5185);
    }

    @Test
    void aNewLetterIsCutAsASign() {
        String text = "ab\ua7cb \ud801\uddc0x ğ";
        List<String> words = new ArrayList<>();
        GgufPreTokenizers.named(Optional.of("gpt-2"))
                .preTokenizer()
                .cut(text, 0, text.length(), (from, to) -> words.add(text.substring(from, to)));
        // As llama-tokenize cuts it.
        assertThat(words).containsExactly("ab", "\ua7cb", " \ud801\uddc0", "x", " ğ");
    }

    @Test
    void otherTextIsNotCopied() {
        String text = "kâğıt 🙂 中";
        assertThat(LlamaCppUnicode.of(text, 0, text.length())).isSameAs(text);
    }
}
