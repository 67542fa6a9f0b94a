package tk.convert.route;

import tk.convert.HfModel;
import tk.convert.gguf.GgufConversion;
import tk.error.UsageException;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.VocabularyConversion;

import java.util.ArrayList;
import java.util.List;

/**
 * The routes to GGUF.
 *
 * <p>A Hugging Face folder becomes, byte for byte, what convert_hf_to_gguf makes of it. A {@code
 * .pt} file or Meta's shards become what they would over such a folder.
 */
public final class ToGguf {
    private ToGguf() {}

    /**
     * Plans the conversion of a source.
     *
     * @throws tk.error.MalformedException where the tokenizer and the embedding do not fit
     *     together, or as {@link HfModel#of} and {@link GgufConversion#of} do
     */
    public static GgufConversion of(ModelSource source, ConvertOptions options) {
        TokenizerFiles files = source.tokenizer();
        if (!files.isPresent()) {
            throw new UsageException(
                    source.path() + ": no tokenizer beside it, and none was given",
                    "Put tokenizer.model or tokenizer.json beside it, or name it with --tokenizer.");
        }
        SourceModel opened = SourceModel.of(source, options);
        HfModel model = VocabularyFit.rowsForEveryPiece(opened.model(), files, options);
        VocabularyConversion vocabulary =
                VocabularyConversion.of(
                        files,
                        opened.isHuggingFaceFolder()
                                ? model.config().json()
                                : withSpecialIds(model.config()),
                        model.config().vocabSize(),
                        new VocabularyConversion.Options(options.fidelity(), options.pre()));
        if (!opened.isHuggingFaceFolder()) {
            // Nothing dropped a tied head on the way here, as save_pretrained would have.
            model = model.withoutTiedHead();
            if (!options.padVocabulary()) {
                VocabularyFit.requireTokenForEveryRow(
                        source.path().toString(), vocabulary.vocabulary());
            }
        }
        GgufConversion conversion =
                GgufConversion.of(
                        model,
                        opened.origin(),
                        SourceModel.isMeta(source)
                                ? MetaTokenizer.asReleased(vocabulary.vocabulary(), files)::putInto
                                : vocabulary::putInto,
                        new GgufConversion.Options(
                                options.type(), options.name(), opened.order(), options.encoder()));
        List<String> notes = new ArrayList<>(conversion.notes());
        notes.addAll(vocabulary.warnings());
        return new GgufConversion(conversion.metadata(), conversion.weights(), notes);
    }

    /** The ids that save_pretrained would have written where the settings leave them out. */
    private static JsonObject withSpecialIds(ModelConfig config) {
        JsonObject json = config.json();
        if (json.get("bos_token_id").isEmpty() && config.bosTokenId().isPresent())
            json = json.with("bos_token_id", JsonValue.of(config.bosTokenId().get()));
        if (json.get("eos_token_id").isEmpty() && !config.eosTokenIds().isEmpty())
            json = json.with("eos_token_id", JsonValue.of(config.eosTokenIds().getFirst()));
        return json;
    }
}
