package tk.tokenizer;

import tk.tokenizer.proto.ModelProto;
import tk.tokenizer.proto.NormalizerSpec;
import tk.tokenizer.proto.TrainerSpec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small SentencePiece models, made in the test. */
final class Models {
    private Models() {}

    /** unk, s, /s, then these pieces, the first merged first; no normalizer's map. */
    static ModelProto bpe(String... pieces) {
        ModelProto.Builder model =
                ModelProto.newBuilder()
                        .addPieces(piece("<unk>", 0, TokenType.UNKNOWN))
                        .addPieces(piece("<s>", 0, TokenType.CONTROL))
                        .addPieces(piece("</s>", 0, TokenType.CONTROL))
                        .setTrainerSpec(
                                TrainerSpec.newBuilder().setModelType(TrainerSpec.ModelType.BPE))
                        .setNormalizerSpec(NormalizerSpec.newBuilder().setName("identity"));
        for (int i = 0; i < pieces.length; i++) {
            model.addPieces(piece(pieces[i], -i, TokenType.NORMAL));
        }
        return model.build();
    }

    static ModelProto.SentencePiece piece(String text, float score, TokenType type) {
        return ModelProto.SentencePiece.newBuilder()
                .setPiece(text)
                .setScore(score)
                .setType(ModelProto.SentencePiece.Type.forNumber(type.code()))
                .build();
    }

    static SentencePieceModel read(ModelProto.Builder model) {
        return SentencePieceModel.parse(model.build().toByteArray(), "test model");
    }

    static Path write(Path file, ModelProto model) {
        try {
            return Files.write(file, model.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
