package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;

class SentencePieceTokenizerTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "tr_bpe8k",
                "tr_bpe32k",
                "tr_bpe1k",
                "tr_bpe8k_bf",
                "tr_bpe512_bf",
                "tr_uni8k",
                "llama2like_1k"
            })
    void givesTheIdsAndTextOfTheLibrary(String name) {
        Tokenizer tokenizer =
                SentencePieceTokenizer.of(
                        SentencePieceModel.read(
                                Shared.path("fixtures/tokenizers/" + name + ".model")));
        SoftAssertions all = new SoftAssertions();
        var cases = ExpectedTokens.read("fixtures/tokenizers/expected/" + name + ".json");
        assertThat(cases).hasSize(203);
        for (ExpectedTokens expected : cases) {
            all.assertThat(tokenizer.encode(expected.text(), Specials.AS_TEXT))
                    .as(expected.text())
                    .isEqualTo(expected.ids());
            all.assertThat(tokenizer.decode(expected.ids())).isEqualTo(expected.decoded());
        }
        all.assertAll();
    }
}
