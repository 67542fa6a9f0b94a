package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.testing.Shared;
import tk.tokenizer.proto.ModelProto;
import tk.tokenizer.proto.TrainerSpec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class SentencePieceModelTest {
    @Test
    void readsPiecesScoresTypesAndSpecs() {
        SentencePieceModel model =
                SentencePieceModel.read(Shared.path("fixtures/minitr/tokenizer.model"));

        assertThat(model.pieces()).hasSize(8000);
        assertThat(model.algorithm()).isEqualTo(SentencePieceModel.Algorithm.BPE);
        assertThat(model.pieces().getFirst().type()).isEqualTo(TokenType.UNKNOWN);
        assertThat(model.pieces().get(4))
                .isEqualTo(new SentencePieceModel.Piece("in", -1, TokenType.NORMAL));
        assertThat(model.byteFallback()).isFalse();
        assertThat(model.unknownId()).isZero();
        assertThat(model.bosId()).contains(1);
        assertThat(model.eosId()).contains(2);
        assertThat(model.padId()).isEmpty();
        assertThat(model.unknownSurface()).isEqualTo(" \u2047 ");
        assertThat(model.normalizer().name()).isEqualTo("nmt_nfkc");
        assertThat(model.normalizer().addDummyPrefix()).isTrue();
        assertThat(model.normalizer().removeExtraWhitespaces()).isTrue();
        assertThat(model.normalizer().charsmap().isEmpty()).isFalse();
        assertThat(model.denormalizer()).isEmpty();
    }

    @Test
    void knowsASpecialPieceAndAnOrdinaryOneOfTheSameText() {
        SentencePieceModel model = parse(Models.bpe("<s>", "a").toBuilder());
        assertThat(model.id("<s>")).contains(1);
        assertThat(model.id("a")).contains(4);
        assertThat(model.id("b")).isEmpty();
    }

    @Test
    void refusesWhatTheLibraryRefuses() {
        assertMalformed(Models.bpe("a", "a").toBuilder(), "piece 4 repeats \"a\"");
        assertMalformed(Models.bpe("a", "").toBuilder(), "piece 4 is empty");
        assertMalformed(ModelProto.newBuilder(), "0 pieces and none of type unknown");
        assertMalformed(
                Models.bpe("a").toBuilder().addPieces(Models.piece("<nix>", 0, TokenType.UNKNOWN)),
                "two unknown pieces, 0 and 4");
        assertMalformed(
                Models.bpe("a").toBuilder().addPieces(Models.piece("<0x41>", 0, TokenType.BYTE)),
                "1 byte pieces, expected none");
        assertMalformed(
                Models.bpe("a").toBuilder()
                        .setTrainerSpec(TrainerSpec.newBuilder().setByteFallback(true)),
                "0 byte pieces, expected 256");
        assertMalformed(
                Models.bpe("a").toBuilder().addPieces(Models.piece("<0x4g>", 0, TokenType.BYTE)),
                "is no <0xNN>");
        assertMalformed(
                Models.bpe("a").toBuilder()
                        .addPieces(Models.piece("b", Float.NaN, TokenType.NORMAL)),
                "piece 4 has the score NaN");
        assertMalformed(
                Models.bpe().toBuilder()
                        .addPieces(
                                ModelProto.SentencePiece.newBuilder()
                                        .setPieceBytes(
                                                ByteString.copyFrom(new byte[] {(byte) 0xc3}))),
                "piece 3 is not UTF-8");
    }

    @Test
    void refusesEveryTruncationOrReadsAShorterModel() {
        byte[] whole = Models.bpe("a", "b", "ab").toByteArray();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            try {
                assertThat(SentencePieceModel.parse(cut, "cut").pieces())
                        .hasSizeLessThanOrEqualTo(6);
            } catch (MalformedException e) {
                assertThat(e).hasMessageStartingWith("cut: ");
            }
        }
    }

    @Test
    void refusesAPieceLongerThanTheFile() {
        byte[] lie = {0x0a, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07, 0x0a};
        assertThatThrownBy(() -> SentencePieceModel.parse(lie, "lie"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("broken at byte 0 (a part of 2147483647 bytes)");
    }

    @Test
    void refusesOtherFiles(@TempDir Path folder) throws IOException {
        Path text =
                Files.writeString(folder.resolve("tokenizer.model"), "version https://git-lfs\n");
        assertThatThrownBy(() -> SentencePieceModel.read(text))
                .isInstanceOf(MalformedException.class);
        assertThatThrownBy(() -> SentencePieceModel.read(folder.resolve("missing")))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void recognisesTheFirstBytes() {
        assertThat(SentencePieceModel.recognises(Models.bpe("a").toByteArray())).isTrue();
        assertThat(
                        SentencePieceModel.recognises(
                                "IQ== 0\n".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isFalse();
    }

    private static SentencePieceModel parse(ModelProto.Builder proto) {
        return SentencePieceModel.parse(proto.build().toByteArray(), "test");
    }

    private static void assertMalformed(ModelProto.Builder proto, String message) {
        assertThatThrownBy(() -> parse(proto))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining(message);
    }
}
