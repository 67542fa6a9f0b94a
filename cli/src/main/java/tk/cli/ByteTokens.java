package tk.cli;

import tk.checkpoint.Progress;
import tk.convert.bytefallback.ByteRows;
import tk.convert.bytefallback.HeadRow;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.quantize.BlockCodecs;
import tk.tokenizer.GgufVocabulary;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * A model that was given the byte tokens its SentencePiece vocabulary lacked. Without them
 * llama.cpp and Ollama abort on the first character that the vocabulary does not know.
 *
 * @param model with the tokens, their rows in embedding and head
 * @param added how many
 * @param fit what the rows cost
 */
record ByteTokens(GgufModel model, int added, ByteFallbackFit fit) {
    /** Whether they are added. */
    enum Mode {
        /** Where they are needed. */
        AUTO,
        /** Where they are needed, because the user says so. */
        ADD,
        /** Never. */
        NONE
    }

    /** Whether some are missing. */
    static boolean lackedBy(GgufModel model) {
        return model.metadata()
                        .string("tokenizer.ggml.model")
                        .filter(GgufVocabulary.SPM::equals)
                        .isPresent()
                && !model.vocabulary().missingBytes().isEmpty();
    }

    /** What happens to a model that stays without them, by a command that could give it them. */
    static String warning(GgufModel model) {
        return warning(model, "--byte-fallback add");
    }

    /**
     * What happens to a model that stays without them.
     *
     * @param remedy what gives it them
     */
    static String warning(GgufModel model, String remedy) {
        GgufVocabulary vocabulary = model.vocabulary();
        StringBuilder unknown = new StringBuilder();
        for (String character : new String[] {"â", "î", "û", "€", "–", "é", "ñ", "中", "🙂"}) {
            if (vocabulary.tokens().stream().noneMatch(t -> t.text().contains(character)))
                unknown.append(unknown.isEmpty() ? "" : " ").append(character);
        }
        return "the vocabulary lacks byte pieces: llama.cpp and Ollama will abort on the first character it does not know"
                + (unknown.isEmpty() ? "" : ", such as " + unknown)
                + " (%s gives it them)".formatted(remedy);
    }

    /** The model as it will be, with rows of no values yet: for plans. */
    static GgufModel planned(GgufModel model) {
        return extended(model, noRow(model));
    }

    /**
     * The model with rows fitted on what it computes.
     *
     * @param source the same model, to be run
     */
    static ByteTokens fitted(GgufModel model, ModelSource source, int threads, Progress progress) {
        ByteFallbackFit fit = ByteFallbackFit.on(source, model.vocabulary(), threads, progress);
        return new ByteTokens(
                extended(model, fit.fit().row()), model.vocabulary().missingBytes().size(), fit);
    }

    /** What a report says of it. */
    JsonObject json() {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("addedTokens", added);
        json.put("addedNatsPerToken", fit.heldOut().meanNats());
        json.put("worstPositionNats", fit.heldOut().worstNats());
        json.put("heldOutPositions", fit.heldOut().positions());
        return (JsonObject) JsonValue.of(json);
    }

    private static GgufModel extended(GgufModel model, float[] headRow) {
        GgufVocabulary lacking = model.vocabulary();
        GgufVocabulary vocabulary = lacking.withBytePieces();
        GgufMetadata.Builder builder = model.metadata().toBuilder();
        vocabulary.putInto(builder);
        builder.put(
                model.architecture() + ".vocab_size", GgufValue.u32(vocabulary.tokens().size()));
        int unknown = lacking.specialId("unk").orElse(ByteFallbackFit.unknownId(lacking));
        ByteRows rows = new ByteRows(lacking.missingBytes().size(), unknown, inAnyType(headRow));
        return new GgufModel(builder.build(), rows.apply(model.weights()), model.notes());
    }

    /** Of a GGUF that is quantized already, the head takes the row as its own blocks. */
    private static HeadRow inAnyType(float[] row) {
        return type -> {
            if (!type.isBlock()) return HeadRow.ofFloats(row).in(type);
            byte[] blocks = new byte[Math.toIntExact(type.byteSize(row.length))];
            BlockCodecs.of(type).quantizeRow(row, 0, row.length, null, blocks, 0);
            return blocks;
        };
    }

    /** A row of the head without values. */
    static float[] noRow(GgufModel model) {
        return new float
                [Math.toIntExact(
                        model.metadata()
                                .integer(model.architecture() + ".embedding_length")
                                .orElseThrow())];
    }
}
