package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;
import tk.tokenizer.proto.ModelProto;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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
        Tokenizer tokenizer = SentencePieceTokenizer.of(model(name));
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
    void encodesInJavaAsTheLibraryDoes(String name) throws IOException {
        Tokenizer ours = SentencePieceTokenizer.of(model(name));
        List<String> texts = new ArrayList<>(HostileTexts.all());
        if (Shared.has("third-party/text/ud-turkish-boun-test.txt")) {
            Path text = Shared.path("third-party/text/ud-turkish-boun-test.txt");
            texts.addAll(Files.readAllLines(text));
            texts.add(Files.readString(text));
        }
        SoftAssertions all = new SoftAssertions();
        try (SentencePieceTokenizer library = library(name)) {
            for (String text : texts) {
                all.assertThat(ours.encode(text, Specials.AS_TEXT))
                        .as(text)
                        .isEqualTo(library.encode(text, Specials.AS_TEXT));
            }
        }
        all.assertAll();
    }

    @Test
    void keepsSpecialPiecesAsTextUnlessAskedToParseThem() {
        SentencePieceTokenizer tokenizer =
                SentencePieceTokenizer.of(Models.read(Models.bpe("\u2581", "a", "<").toBuilder()));
        assertThat(pieces(tokenizer, "a<s>a", Specials.PARSE))
                .containsExactly("\u2581", "a", "<s>", "\u2581", "a");
        assertThat(pieces(tokenizer, "a<s>", Specials.AS_TEXT))
                .containsExactly("\u2581", "a", "<", "<unk>");
        assertThat(tokenizer.decode(1, 3, 4, 0, 2)).isEqualTo("a \u2047 ");
    }

    @Test
    void takesUserDefinedPiecesFirstAndLeavesThemAsTheyAre() {
        SentencePieceModel model =
                Models.read(
                        Models.bpe("\u2581", "a", "<", "x", ">", "<x").toBuilder()
                                .addPieces(Models.piece("<x>", -99, TokenType.USER_DEFINED))
                                .addPieces(Models.piece("  ", -99, TokenType.USER_DEFINED)));
        SentencePieceTokenizer tokenizer = SentencePieceTokenizer.of(model);
        assertThat(pieces(tokenizer, "a<x>a<x", Specials.AS_TEXT))
                .containsExactly("\u2581", "a", "<x>", "a", "<x");
    }

    @Test
    void takesUnusedPiecesApartAgain() {
        SentencePieceModel model =
                Models.read(
                        Models.bpe("\u2581", "a", "b").toBuilder()
                                .addPieces(Models.piece("ab", 1, TokenType.UNUSED)));
        assertThat(pieces(SentencePieceTokenizer.of(model), "ab", Specials.AS_TEXT))
                .containsExactly("\u2581", "a", "b");
    }

    @Test
    void putsTheSpaceAfterTheTextWhereTheModelSaysSo() {
        ModelProto.Builder proto = Models.bpe("\u2581", "a", "b").toBuilder();
        proto.getTrainerSpecBuilder().setTreatWhitespaceAsSuffix(true);
        assertThat(pieces(SentencePieceTokenizer.of(Models.read(proto)), "a b", Specials.AS_TEXT))
                .containsExactly("a", "\u2581", "b", "\u2581");
    }

    @Test
    void keepsSpacesWhereTheNormalizerIsTurnedOff() {
        ModelProto.Builder proto = Models.bpe(" ", "a").toBuilder();
        proto.getNormalizerSpecBuilder()
                .setAddDummyPrefix(false)
                .setRemoveExtraWhitespaces(false)
                .setEscapeWhitespaces(false);
        assertThat(pieces(SentencePieceTokenizer.of(Models.read(proto)), "  a", Specials.AS_TEXT))
                .containsExactly(" ", " ", "a");
    }

    @Test
    void refusesUseAfterCloseInsteadOfEndingTheProcess() {
        SentencePieceTokenizer library = library("llama2like_1k");
        library.close();
        library.close();
        assertThatThrownBy(() -> library.encode("a", Specials.AS_TEXT))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> library.piece(100_000))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static SentencePieceModel model(String name) {
        return SentencePieceModel.read(Shared.path("fixtures/tokenizers/" + name + ".model"));
    }

    private static SentencePieceTokenizer library(String name) {
        SentencePieceTokenizer library =
                SentencePieceTokenizer.read(Shared.path("fixtures/tokenizers/" + name + ".model"));
        assumeTrue(library.isNative(), "no sentencepiece library for this machine");
        return library;
    }

    private static List<String> pieces(Tokenizer tokenizer, String text, Specials specials) {
        return Arrays.stream(tokenizer.encode(text, specials)).mapToObj(tokenizer::piece).toList();
    }
}
