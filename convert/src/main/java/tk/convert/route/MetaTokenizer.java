package tk.convert.route;

import static java.nio.charset.StandardCharsets.UTF_8;

import tk.hf.ModelConfig;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.Tiktoken;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What Meta's release leaves to its code to say of the tokenizer: that a text begins with the bos
 * token and has no eos token after it.
 */
final class MetaTokenizer {
    private MetaTokenizer() {}

    /**
     * The settings that transformers looks for beside Llama 1's and 2's {@code tokenizer.model}.
     */
    static SequencedMap<String, byte[]> settings(Path tokenizerModel, ModelConfig config) {
        SentencePieceModel model = SentencePieceModel.read(tokenizerModel);
        SequencedMap<String, Object> tokens = new LinkedHashMap<>();
        put(tokens, "bos_token", model, model.bosId());
        put(tokens, "eos_token", model, model.eosId());
        put(tokens, "unk_token", model, Optional.of(model.unknownId()));
        SequencedMap<String, Object> settings = new LinkedHashMap<>();
        settings.put("add_bos_token", true);
        settings.put("add_eos_token", false);
        settings.putAll(tokens);
        settings.put("clean_up_tokenization_spaces", false);
        settings.put("legacy", false);
        settings.put("model_max_length", config.maxPositions());
        settings.put("sp_model_kwargs", new LinkedHashMap<String, Object>());
        settings.put("tokenizer_class", "LlamaTokenizer");
        SequencedMap<String, byte[]> files = new LinkedHashMap<>();
        files.put("tokenizer_config.json", json(settings));
        files.put("special_tokens_map.json", json(tokens));
        return files;
    }

    /**
     * The files that transformers reads in place of Llama 3's {@code tokenizer.model}, which it
     * takes for SentencePiece's.
     */
    static SequencedMap<String, byte[]> ofRanks(Path tokenizerModel, ModelConfig config) {
        Tiktoken ranks = Tiktoken.read(tokenizerModel);
        List<String> specials = Tiktoken.Specials.of(config.json()).names();
        SequencedMap<String, Object> tokens = new LinkedHashMap<>();
        tokens.put("bos_token", specials.get(0));
        tokens.put("eos_token", specials.get(1));
        SequencedMap<String, Object> added = new LinkedHashMap<>();
        for (int i = 0; i < specials.size(); i++) {
            SequencedMap<String, Object> token = new LinkedHashMap<>();
            token.put("content", specials.get(i));
            token.put("lstrip", false);
            token.put("normalized", false);
            token.put("rstrip", false);
            token.put("single_word", false);
            token.put("special", true);
            added.put(Integer.toString(ranks.tokens().size() + i), token);
        }
        SequencedMap<String, Object> settings = new LinkedHashMap<>();
        settings.put("added_tokens_decoder", added);
        settings.putAll(tokens);
        settings.put("clean_up_tokenization_spaces", true);
        settings.put("model_input_names", List.of("input_ids", "attention_mask"));
        settings.put("model_max_length", config.maxPositions());
        settings.put("tokenizer_class", "PreTrainedTokenizerFast");
        SequencedMap<String, byte[]> files = new LinkedHashMap<>();
        files.put(
                "tokenizer.json",
                (JsonText.PRETTY.write(ranks.tokenizerJson(specials)) + "\n").getBytes(UTF_8));
        files.put("tokenizer_config.json", json(settings));
        files.put("special_tokens_map.json", json(tokens));
        return files;
    }

    private static void put(
            SequencedMap<String, Object> tokens,
            String name,
            SentencePieceModel model,
            Optional<Integer> id) {
        id.ifPresent(i -> tokens.put(name, model.pieces().get(i).text()));
    }

    private static byte[] json(SequencedMap<String, Object> members) {
        return (JsonText.PRETTY.write(JsonValue.of(members)) + "\n").getBytes(UTF_8);
    }

    /** The vocabulary as it is made over a folder with those settings. */
    static GgufVocabulary asReleased(GgufVocabulary vocabulary, TokenizerFiles files) {
        boolean told = files.config().isPresent() || !vocabulary.addSpecial().isEmpty();
        if (told) return vocabulary;
        // What a pair of texts gets between its two is only told by Llama 3's post-processor.
        boolean pieces = vocabulary.model().equals(GgufVocabulary.SPM);
        SequencedMap<String, Boolean> added = new LinkedHashMap<>();
        for (String name : pieces ? List.of("bos", "eos") : List.of("bos", "eos", "sep")) {
            added.put(name, name.equals("bos"));
        }
        return new GgufVocabulary(
                vocabulary.model(),
                vocabulary.pre(),
                vocabulary.tokens(),
                vocabulary.scored(),
                vocabulary.merges(),
                vocabulary.specialIds(),
                added,
                vocabulary.addSpacePrefix(),
                vocabulary.normalizers(),
                vocabulary.chatTemplates());
    }
}
