package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

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

    @Test
    void readsTiktokensRanksAsTheSameTokenizer() {
        Tiktoken ranks = Tiktoken.read(Shared.path("fixtures/llama3/tok/tokenizer.model"));
        TokenizerJson tokenizer =
                TokenizerJson.of(
                        ranks.tokenizerJson(Tiktoken.Specials.LLAMA_3_1.names()), "tiktoken");
        for (ExpectedTokens expected :
                ExpectedTokens.read("fixtures/tokenizers/expected/llama3.json")) {
            assertThat(tokenizer.encode(expected.text(), Specials.PARSE)).isEqualTo(expected.ids());
        }
        assertThat(tokenizer.encodePrompt("a")).hasSize(2).startsWith(1600);
    }

    /** Ten replacements, each of which makes eight of what the next one replaces. */
    @Test
    void refusesReplacementsThatWouldFillTheMemory() {
        JsonObject doubling =
                JsonVariants.json(
                        "type",
                        "Replace",
                        "pattern",
                        JsonVariants.json("String", "a"),
                        "content",
                        "aaaaaaaa");
        JsonObject normalizer =
                JsonVariants.json(
                        "type", "Sequence", "normalizers", Collections.nCopies(10, doubling));
        TokenizerJson tokenizer = of(tiny().with("normalizer", normalizer));
        assertThatThrownBy(() -> tokenizer.encode("a", Specials.PARSE))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("normalizers[5]")
                .hasMessageContaining("64 times");
        JsonObject decoder =
                JsonVariants.json(
                        "type", "Sequence", "decoders", Collections.nCopies(10, doubling));
        TokenizerJson decoding = of(tiny().with("decoder", decoder));
        int[] ids = decoding.encode("a", Specials.PARSE);
        assertThatThrownBy(() -> decoding.decodeAll(ids))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("decoders[5]");
    }

    @Test
    void recognisesAHomeTrainedPreTokenizerByItsStructure() {
        assertThat(PreTokenizerNames.of(of(tiny()))).isEqualTo("llama-bpe");
        assertThat(
                        PreTokenizerNames.of(
                                of(
                                        tiny().with(
                                                        "pre_tokenizer",
                                                        JsonVariants.byteLevel(false, true)))))
                .isEqualTo("gpt-2");
        assertThat(PreTokenizerNames.of(of(tiny().with("pre_tokenizer", JsonVariants.smollm()))))
                .isEqualTo("smollm");
        assertThat(PreTokenizerNames.of(of(tiny().with("pre_tokenizer", JsonVariants.qwen2()))))
                .isEqualTo("qwen2");
    }

    @Test
    void namesTheNearestPreTokenizerWhereNoneDoesTheSame() {
        JsonObject pairs =
                tiny().with(
                                "pre_tokenizer",
                                JsonVariants.json(
                                        "type",
                                        "Sequence",
                                        "pretokenizers",
                                        List.of(
                                                JsonVariants.json(
                                                        "type",
                                                        "Split",
                                                        "pattern",
                                                        JsonVariants.json("Regex", "\\p{N}{1,2}"),
                                                        "behavior",
                                                        "Isolated",
                                                        "invert",
                                                        false),
                                                JsonVariants.byteLevel(false, true))));
        assertThatThrownBy(() -> PreTokenizerNames.of(of(pairs)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("the nearest: gpt-2 cuts 6 of 41")
                .hasMessageContaining("sample texts otherwise, first \"123\": [123], here [12, 3]");
    }

    @Test
    void tellsWhetherIgnoringMergesMatters() {
        assertThat(of(tiny()).mergesReachEveryToken()).isTrue();
        JsonObject model = tiny().object("model").orElseThrow();
        JsonObject vocab = model.object("vocab").orElseThrow().with("bcd", JsonValue.of(999));
        assertThat(of(tiny().with("model", model.with("vocab", vocab))).mergesReachEveryToken())
                .isFalse();
    }

    @Test
    void refusesBrokenFilesByPlace() {
        JsonObject model = tiny().object("model").orElseThrow();
        assertBroken(tiny().without("model"), "no model");
        assertBroken(
                tiny().with("model", model.with("merges", JsonValue.of(List.of("ab")))),
                "model.merges[0]: expected two texts");
        assertBroken(
                tiny().with("model", model.with("merges", JsonValue.of(List.of("a q")))),
                "\"aq\" is merged or named as unk_token, but is not in model.vocab");
        assertBroken(
                tiny().with("model", model.with("vocab", JsonVariants.json("a", -1))),
                "model.vocab[\"a\"]: expected an id");
        assertBroken(
                tiny().with("model", model.with("vocab", JsonVariants.json("a", 10_000_000))),
                "but ids up to 10000000");
        assertBroken(
                tiny().with(
                                "pre_tokenizer",
                                JsonVariants.json(
                                        "type",
                                        "Split",
                                        "pattern",
                                        JsonVariants.json("Regex", "(a"))),
                "pre_tokenizer: not a pattern that tk reads");
        assertThatThrownBy(
                        () ->
                                of(
                                        tiny().with(
                                                        "model",
                                                        model.with(
                                                                "type",
                                                                JsonValue.of("WordPiece")))))
                .isInstanceOf(UnsupportedException.class);
    }

    @Test
    void givesUpOnAPatternThatTakesForeverOrRecursesTooDeeply() {
        assertThatThrownBy(() -> split("a*a*a*a*c").encode("a".repeat(3000), Specials.PARSE))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("takes too long");
        assertThatThrownBy(() -> split("(a|bb)*").encode("a".repeat(500_000), Specials.PARSE))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("takes too long");
    }

    private static TokenizerJson split(String regex) {
        return of(
                tiny().with(
                                "pre_tokenizer",
                                JsonVariants.json(
                                        "type", "Split",
                                        "pattern", JsonVariants.json("Regex", regex),
                                        "behavior", "Isolated")));
    }

    private static void assertBroken(JsonObject json, String message) {
        assertThatThrownBy(() -> of(json))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining(message);
    }

    private static TokenizerJson of(JsonObject json) {
        return TokenizerJson.of(json, "test");
    }

    /** Llama 3's steps over a vocabulary of a few tokens. */
    private static JsonObject tiny() {
        SequencedMap<String, Object> vocab = new LinkedHashMap<>();
        for (int value = 0; value < 256; value++) {
            vocab.put(ByteLevel.text(new byte[] {(byte) value}, 0, 1), value);
        }
        vocab.put("ab", 256);
        vocab.put("abc", 257);
        JsonObject json = new Tiktoken(List.of("x")).tokenizerJson(List.of());
        JsonObject model =
                json.object("model")
                        .orElseThrow()
                        .with("vocab", JsonValue.of(vocab))
                        .with("merges", JsonValue.of(List.of("a b", "ab c")));
        return json.with("model", model);
    }
}
