package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.UnsupportedException;
import tk.gguf.GgufReader;
import tk.testing.Shared;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.Tokenizer.Specials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

class GgufTokenizerTest {
    /** llama.cpp's own vectors: texts between separators, ids a line. */
    @ParameterizedTest
    @ValueSource(strings = {"llama-spm", "phi-3", "gpt-2"})
    void givesTheIdsOfLlamaCppsVectors(String name) throws IOException {
        Path file = Shared.path("third-party/vocab/ggml-vocab-" + name + ".gguf");
        String[] texts =
                Files.readString(Path.of(file + ".inp")).split("\n__ggml_vocab_test__\n", -1);
        List<String> lines = Files.readAllLines(Path.of(file + ".out"));
        GgufTokenizer tokenizer;
        try (var gguf = new GgufReader().open(file)) {
            tokenizer = GgufTokenizer.of(gguf.gguf());
        }
        SoftAssertions all = new SoftAssertions();
        for (int i = 0; i < lines.size(); i++) {
            int[] expected =
                    Arrays.stream(lines.get(i).trim().split(" "))
                            .filter(id -> !id.isEmpty())
                            .mapToInt(Integer::parseInt)
                            .toArray();
            all.assertThat(tokenizer.encode(texts[i], Specials.AS_TEXT))
                    .as(texts[i])
                    .isEqualTo(expected);
            all.assertThat(tokenizer.decode(expected)).isEqualTo(texts[i]);
        }
        all.assertAll();
        assertThat(lines).hasSizeGreaterThan(40);
    }

    @Test
    void mergesTheBestScoreFirstAndTheLeftmostOfEqualOnes() {
        GgufTokenizer tokenizer =
                spm(
                        token("a", -9),
                        token("b", -9),
                        token("ab", -2),
                        token("ba", -1),
                        token("aa", -3));
        assertThat(pieces(tokenizer, "aba")).containsExactly("a", "ba");
        assertThat(pieces(tokenizer, "aaa")).containsExactly("aa", "a");
    }

    @Test
    void spellsWhatHasNoTokenInBytes() {
        GgufTokenizer tokenizer = GgufTokenizer.of(vocabulary(token("a", 0)).withBytePieces(), "");
        assertThat(pieces(tokenizer, "aâ\n")).containsExactly("a", "<0xC3>", "<0xA2>", "<0x0A>");
        assertThat(tokenizer.decode(tokenizer.encode("aâ🙂\n", Specials.AS_TEXT)))
                .isEqualTo("aâ🙂\n");
    }

    @Test
    void saysWhichCharacterLlamaCppWouldAbortOn() {
        assertThatThrownBy(() -> spm(token("a", 0)).encode("aâ", Specials.AS_TEXT))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("\"â\" (U+00E2) has no token");
    }

    @Test
    void putsASpaceBeforeTheFirstWordAndAfterEverySpecialToken() {
        GgufVocabulary plain = vocabulary(token("a", 0), token("\u2581", 0), token("\u2581a", 0));
        GgufTokenizer tokenizer = GgufTokenizer.of(withSpacePrefix(plain, true), "");
        assertThat(pieces(tokenizer, "aa")).containsExactly("\u2581a", "a");
        assertThat(pieces(tokenizer, "a<s>a")).containsExactly("\u2581a", "<s>", "\u2581a");
        assertThat(tokenizer.decode(tokenizer.encode("aa", Specials.PARSE))).isEqualTo("aa");
        assertThat(pieces(GgufTokenizer.of(withSpacePrefix(plain, false), ""), "aa"))
                .containsExactly("a", "a");
    }

    @Test
    void findsSpecialTokensOnlyWhenAskedAndUserDefinedOnesAlways() {
        GgufVocabulary vocabulary =
                vocabulary(
                                token("a", 0),
                                new Token("<tool>", 0, TokenType.USER_DEFINED),
                                new Token("<|eot_id|>", 0, TokenType.NORMAL))
                        .withBytePieces();
        GgufTokenizer tokenizer = GgufTokenizer.of(vocabulary, "");
        assertThat(tokenizer.encode("a<tool>", Specials.AS_TEXT)).containsExactly(3, 4);
        // llama.cpp takes an end of turn for a control token, whatever its type in the file.
        assertThat(tokenizer.encode("a<|eot_id|>", Specials.PARSE)).containsExactly(3, 5);
        assertThat(tokenizer.encode("<s>", Specials.AS_TEXT)).hasSize(3);
        assertThat(tokenizer.decode(1, 3, 4, 5, 2)).isEqualTo("a<tool>");
    }

    @Test
    void takesTheLongestSpecialTokenFirst() {
        GgufTokenizer tokenizer =
                spm(
                        new Token("<x", 0, TokenType.USER_DEFINED),
                        new Token("<x>", 0, TokenType.USER_DEFINED));
        assertThat(pieces(tokenizer, "<x<x>")).containsExactly("<x", "<x>");
    }

    @Test
    void addsTheTokensThatTheMetadataAsksFor() {
        GgufTokenizer tokenizer = spm(token("a", 0));
        assertThat(tokenizer.encodePrompt("a", Specials.PARSE)).containsExactly(1, 3);
        assertThat(tokenizer.addsBos()).isTrue();
    }

    @Test
    void cutsALongTextIntoTheSameTokensAsItsWords() {
        GgufTokenizer tokenizer =
                spm(
                        token("\u2581", -9),
                        token("a", -8),
                        token("b", -8),
                        token("ab", -1),
                        token("\u2581ab", -2),
                        token("\u2581\u2581", -3));
        StringBuilder text = new StringBuilder();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            text.append(i % 3 == 0 ? " abab" : " ba");
            expected.addAll(i % 3 == 0 ? List.of("\u2581ab", "ab") : List.of("\u2581", "b", "a"));
        }
        assertThat(pieces(tokenizer, text.toString())).isEqualTo(expected);
        // A piece that goes on after a space: the whole text is one word then.
        GgufTokenizer crossing =
                spm(
                        token("\u2581", -9),
                        token("a", -8),
                        token("a\u2581", -1),
                        token("\u2581a", -2));
        assertThat(pieces(crossing, " a".repeat(1000)))
                .hasSize(1001)
                .startsWith("\u2581", "a\u2581", "a\u2581")
                .endsWith("a\u2581", "a");
    }

    @Test
    void refusesIdsThatNoTokenHas() {
        GgufTokenizer tokenizer = spm(token("a", 0));
        assertThatThrownBy(() -> tokenizer.decode(4)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> tokenizer.piece(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    private static List<String> pieces(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, Specials.PARSE))
                .mapToObj(tokenizer::piece)
                .toList();
    }

    private static Token token(String text, float score) {
        return new Token(text, score, TokenType.NORMAL);
    }

    private static GgufTokenizer spm(Token... tokens) {
        return GgufTokenizer.of(vocabulary(tokens), "");
    }

    private static GgufVocabulary vocabulary(Token... tokens) {
        List<Token> all = new ArrayList<>();
        all.add(new Token("<unk>", 0, TokenType.UNKNOWN));
        all.add(new Token("<s>", 0, TokenType.CONTROL));
        all.add(new Token("</s>", 0, TokenType.CONTROL));
        all.addAll(List.of(tokens));
        return new GgufVocabulary(
                "llama",
                Optional.of("default"),
                all,
                true,
                List.of(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                Optional.of(false),
                new LinkedHashMap<>(),
                ChatTemplates.NONE);
    }

    private static GgufVocabulary withSpacePrefix(GgufVocabulary plain, boolean on) {
        return new GgufVocabulary(
                plain.model(),
                plain.pre(),
                plain.tokens(),
                plain.scored(),
                plain.merges(),
                plain.specialIds(),
                plain.addSpecial(),
                Optional.of(on),
                plain.normalizers(),
                plain.chatTemplates());
    }
}
