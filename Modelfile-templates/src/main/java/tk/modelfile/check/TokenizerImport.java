package tk.modelfile.check;

import tk.json.Json;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.VocabularyConversion;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where Ollama's importer makes another vocabulary of a tokenizer than the model's own. */
final class TokenizerImport {
    /** The only pre-tokenizers that it recognises. */
    private static final Set<String> PRE =
            Set.of("llama-bpe", "deepseek-llm", "deepseek-coder", "qwen2", "qwen35", "laguna");

    private TokenizerImport() {}

    static void warn(Path folder, JsonObject config, List<String> warnings) {
        TokenizerFiles files = TokenizerFiles.in(folder);
        if (!files.isPresent()) {
            warnings.add("no tokenizer.model and no tokenizer.json: Ollama's importer fails");
            return;
        }
        template(files, warnings);
        int rows =
                config.number("vocab_size")
                        .flatMap(JsonNumber::asLong)
                        .filter(n -> n > 0 && n < 1 << 28)
                        .orElse(0L)
                        .intValue();
        GgufVocabulary vocabulary = VocabularyConversion.of(files, config, rows).vocabulary();
        if (vocabulary.model().equals(GgufVocabulary.SPM)) {
            sentencePiece(files, config, vocabulary, warnings);
        } else if (vocabulary.model().equals(GgufVocabulary.BPE)) {
            if (files.json().isEmpty()) {
                warnings.add(
                        "a tokenizer without tokenizer.json: Ollama's importer reads it as SentencePiece, and fails");
            }
            vocabulary
                    .pre()
                    .filter(p -> !PRE.contains(p))
                    .ifPresent(
                            p ->
                                    warnings.add(
                                            "pre-tokenizer %s: Ollama's importer may not recognise it, and cuts words otherwise without a word"
                                                    .formatted(p)));
        }
        padding(vocabulary, warnings);
    }

    private static void template(TokenizerFiles files, List<String> warnings) {
        boolean inConfig =
                files.config()
                        .map(Json::readObject)
                        .flatMap(c -> c.get("chat_template"))
                        .isPresent();
        if (files.chatTemplate().isPresent() && !inConfig) {
            warnings.add(
                    "chat_template.jinja is uploaded but not read: the Modelfile's TEMPLATE is the only one");
        }
    }

    private static void sentencePiece(
            TokenizerFiles files,
            JsonObject config,
            GgufVocabulary vocabulary,
            List<String> warnings) {
        if (!vocabulary.missingBytes().isEmpty()) {
            warnings.add(FolderImport.NO_BYTE_PIECES);
        }
        if (files.model().isEmpty()) {
            warnings.add(
                    "a SentencePiece vocabulary in tokenizer.json alone: Ollama's importer takes it for byte-level BPE, and the text becomes garbage; a tokenizer.model is needed");
            return;
        }
        for (Map.Entry<String, Integer> usual : Map.of("bos", 1, "eos", 2).entrySet()) {
            Optional<Long> id =
                    config.number(usual.getKey() + "_token_id").flatMap(JsonNumber::asLong);
            if (files.json().isEmpty()
                    && id.filter(i -> i != usual.getValue().longValue()).isPresent()) {
                warnings.add(
                        "%s_token_id %d: without a tokenizer.json Ollama writes none, and takes %d"
                                .formatted(usual.getKey(), id.get(), usual.getValue()));
            }
        }
        files.specialTokensMap()
                .map(Json::readObject)
                .flatMap(map -> map.array("additional_special_tokens"))
                .filter(list -> list.items().stream().anyMatch(JsonString.class::isInstance))
                .ifPresent(
                        list ->
                                warnings.add(
                                        "special_tokens_map.json lists additional_special_tokens as plain strings, on which Ollama's importer crashes"));
        files.addedTokens().ifPresent(file -> added(file, files, warnings));
    }

    /** Added ids must go on where the model's pieces end. */
    private static void added(Path file, TokenizerFiles files, List<String> warnings) {
        int pieces = files.model().map(m -> SentencePieceModel.read(m).pieces().size()).orElse(0);
        List<Long> ids =
                Json.readObject(file).members().values().stream()
                        .map(v -> v instanceof JsonNumber n ? n.asLong().orElse(-1L) : -1L)
                        .filter(id -> id >= pieces)
                        .sorted()
                        .toList();
        for (int i = 0; i < ids.size(); i++) {
            if (ids.get(i) != pieces + i) {
                warnings.add(
                        "added_tokens.json: id %d where %d is next; Ollama's importer refuses"
                                .formatted(ids.get(i), pieces + i));
                return;
            }
        }
    }

    private static void padding(GgufVocabulary vocabulary, List<String> warnings) {
        long padded =
                vocabulary.tokens().stream().filter(t -> t.type() == TokenType.UNUSED).count();
        if (padded > 0) {
            warnings.add(
                    "the embedding has %d rows more than the tokenizer has tokens; Ollama's importer makes them tokens [PADn] that a text can spell"
                            .formatted(padded));
        }
    }
}
