package tk.tokenizer;

import com.google.protobuf.ByteString;

import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.proto.ModelProto;
import tk.tokenizer.proto.NormalizerSpec;
import tk.tokenizer.proto.TrainerSpec;

import java.util.List;
import java.util.Optional;

/**
 * Writes the {@code tokenizer.model} that a GGUF file's SentencePiece vocabulary stands for.
 *
 * <p>What llama.cpp does with such a vocabulary is what the model says: for BPE no normalization,
 * spaces kept as they are, one put before the text unless {@code add_space_prefix} denies it; for
 * unigram what the file's rules are.
 */
public final class SentencePieceWriter {
    private SentencePieceWriter() {}

    /**
     * The file's bytes.
     *
     * @param vocabulary of the algorithm {@link GgufVocabulary#SPM} or {@link
     *     GgufVocabulary#UNIGRAM}
     * @param pieces how many tokens, from the first on, are the model's own; the rest are added
     *     ones
     */
    public static byte[] write(GgufVocabulary vocabulary, int pieces) {
        List<Token> tokens = vocabulary.tokens().subList(0, pieces);
        int unknown = unknownId(vocabulary, pieces);
        ModelProto.Builder model = ModelProto.newBuilder();
        for (int id = 0; id < pieces; id++) {
            Token token = tokens.get(id);
            TokenType type = id == unknown ? TokenType.UNKNOWN : token.type();
            if (type == TokenType.UNKNOWN && id != unknown) type = TokenType.UNUSED;
            ModelProto.SentencePiece.Builder piece =
                    ModelProto.SentencePiece.newBuilder()
                            .setPiece(token.text().replace(' ', SentencePieceModel.SPACE))
                            .setScore(token.score());
            if (type != TokenType.NORMAL) {
                piece.setType(ModelProto.SentencePiece.Type.forNumber(type.code()));
            }
            model.addPieces(piece);
        }
        TrainerSpec.Builder trainer =
                TrainerSpec.newBuilder()
                        .setModelType(
                                vocabulary.unigram().isPresent()
                                        ? TrainerSpec.ModelType.UNIGRAM
                                        : TrainerSpec.ModelType.BPE)
                        .setVocabSize(pieces)
                        .setByteFallback(tokens.stream().anyMatch(t -> t.type() == TokenType.BYTE))
                        .setUnkId(unknown)
                        .setBosId(idBelow(vocabulary, "bos", pieces))
                        .setEosId(idBelow(vocabulary, "eos", pieces))
                        .setPadId(idBelow(vocabulary, "pad", pieces));
        if (pieces > 0) trainer.setUnkPiece(tokens.get(unknown).text());
        if (trainer.getBosId() >= 0) trainer.setBosPiece(tokens.get(trainer.getBosId()).text());
        if (trainer.getEosId() >= 0) trainer.setEosPiece(tokens.get(trainer.getEosId()).text());
        if (trainer.getPadId() >= 0) trainer.setPadPiece(tokens.get(trainer.getPadId()).text());
        return model.setTrainerSpec(trainer)
                .setNormalizerSpec(normalizer(vocabulary))
                .build()
                .toByteArray();
    }

    private static NormalizerSpec.Builder normalizer(GgufVocabulary vocabulary) {
        NormalizerSpec.Builder rules =
                NormalizerSpec.newBuilder()
                        .setName("identity")
                        .setRemoveExtraWhitespaces(false)
                        .setEscapeWhitespaces(true);
        if (vocabulary.unigram().isEmpty()) {
            return rules.setAddDummyPrefix(vocabulary.addSpacePrefix().orElse(true));
        }
        GgufVocabulary.UnigramRules unigram = vocabulary.unigram().get();
        if (!unigram.charsmap().isEmpty()) {
            rules.setName("user_defined")
                    .setPrecompiledCharsmap(ByteString.copyFrom(unigram.charsmap().bytes()));
        }
        return rules.setAddDummyPrefix(vocabulary.addSpacePrefix().orElse(false))
                .setRemoveExtraWhitespaces(unigram.removeExtraWhitespaces());
    }

    /**
     * The piece that stands for unknown characters. SentencePiece has exactly one; a converter may
     * have made a control token of it.
     *
     * @param pieces how many tokens, from the first on, are the model's own
     */
    public static int unknownId(GgufVocabulary vocabulary, int pieces) {
        Optional<Integer> told = vocabulary.specialId("unk").filter(id -> id >= 0 && id < pieces);
        if (told.isPresent()) return told.get();
        for (int id = 0; id < pieces; id++) {
            if (vocabulary.tokens().get(id).type() == TokenType.UNKNOWN) return id;
        }
        return 0;
    }

    private static int idBelow(GgufVocabulary vocabulary, String name, int pieces) {
        return vocabulary.specialId(name).filter(id -> id < pieces).orElse(-1);
    }
}
