package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;

class TokenizerJsonTest {
    @Test
    void givesTheIdsAndTextOfTheTokenizersLibrary() {
        TokenizerJson tokenizer =
                TokenizerJson.read(Shared.path("fixtures/llama3/tok/tokenizer.json"));
        SoftAssertions all = new SoftAssertions();
        var cases = ExpectedTokens.read("fixtures/tokenizers/expected/llama3.json");
        for (ExpectedTokens expected : cases) {
            all.assertThat(tokenizer.encode(expected.text(), Specials.PARSE))
                    .as(expected.text())
                    .isEqualTo(expected.ids());
            all.assertThat(tokenizer.decodeAll(expected.ids())).isEqualTo(expected.decoded());
        }
        all.assertAll();
        assertThat(cases).hasSize(203);
    }
}
