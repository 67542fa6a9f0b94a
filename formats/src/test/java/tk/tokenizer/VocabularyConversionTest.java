package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.MalformedException;
import tk.gguf.GgufMetadata;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;
import tk.tokenizer.GgufVocabulary.Token;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class VocabularyConversionTest {
    @TempDir Path folder;

    @BeforeEach
    void aModelOfFivePieces() {
        Models.write(folder.resolve("tokenizer.model"), Models.bpe("a", "\u2581a"));
    }

    @Test
    void writesThePiecesOfTheTurkishModelWithItsIds() {
        VocabularyConversion conversion =
                VocabularyConversion.of(
                        TokenizerFiles.in(Shared.path("fixtures/minitr")),
                        Json.readObject(Shared.path("fixtures/minitr/config.json")),
                        8000);
        GgufMetadata.Builder builder = GgufMetadata.builder();
        conversion.vocabulary().putInto(builder);
        GgufMetadata gguf = builder.build();

        assertThat(conversion.warnings()).isEmpty();
        assertThat(gguf.values().keySet())
                .containsExactly(
                        "tokenizer.ggml.model",
                        "tokenizer.ggml.pre",
                        "tokenizer.ggml.tokens",
                        "tokenizer.ggml.scores",
                        "tokenizer.ggml.token_type",
                        "tokenizer.ggml.bos_token_id",
                        "tokenizer.ggml.eos_token_id");
        assertThat(gguf.string("tokenizer.ggml.model")).contains("llama");
        assertThat(gguf.integer("tokenizer.ggml.eos_token_id")).hasValue(2);
        assertThat(gguf.floats("tokenizer.ggml.scores").orElseThrow())
                .hasSize(8000)
                .startsWith(0, 0, 0, -0f, -1f);
        assertThat(GgufVocabulary.fromGguf(gguf)).isEqualTo(conversion.vocabulary());
    }

    @Test
    void padsUnusedRowsAndDropsPiecesBeyondThem() {
        assertThat(tokens(7, "{}"))
                .endsWith(
                        new Token("[PAD5]", -10000, TokenType.UNUSED),
                        new Token("[PAD6]", -10000, TokenType.UNUSED));
        VocabularyConversion cut = convert(4, "{}");
        assertThat(cut.vocabulary().tokens()).hasSize(4);
        assertThat(cut.warnings())
                .containsExactly(
                        "the tokenizer has 5 pieces, the embedding 4 rows: pieces from 4 on are dropped");
    }

    @Test
    void turnsUserDefinedPiecesIntoOrdinaryOnesAsTheConverterDoes() {
        Models.write(
                folder.resolve("tokenizer.model"),
                Models.bpe().toBuilder()
                        .addPieces(Models.piece("<sep>", 0, TokenType.USER_DEFINED))
                        .build());
        assertThat(tokens(4, "{}").getLast()).isEqualTo(new Token("<sep>", 0, TokenType.NORMAL));
    }

    @Test
    void letsAddedTokensReplaceAndExtendThePieces() {
        write("added_tokens.json", "{\"<user>\": 5, \"<far>\": 99}");
        write(
                "tokenizer_config.json",
                """
                {"added_tokens_decoder": {
                  "0": {"content": "<unk>", "special": true},
                  "6": {"content": "<|im_end|>", "special": false},
                  "7": {"content": "x\u2581y", "special": false}},
                 "add_bos_token": true, "add_eos_token": false, "add_prefix_space": false,
                 "unk_token": "<unk>", "chat_template": "{{ messages }}"}
                """);
        VocabularyConversion conversion = convert(8, "{\"bos_token_id\": 1, \"unk_token_id\": 0}");
        GgufVocabulary vocabulary = conversion.vocabulary();

        assertThat(vocabulary.tokens().getFirst())
                .isEqualTo(new Token("<unk>", -1000, TokenType.CONTROL));
        assertThat(vocabulary.tokens().subList(5, 8))
                .containsExactly(
                        new Token("<user>", -1000, TokenType.USER_DEFINED),
                        new Token("<|im_end|>", -1000, TokenType.CONTROL),
                        new Token("x y", -1000, TokenType.USER_DEFINED));
        assertThat(conversion.warnings())
                .containsExactly(
                        "added token 99 \"<far>\" is dropped: the embedding has 8 rows",
                        "the tokenizer puts a space before the first word, llama.cpp will put none");
        assertThat(vocabulary.specialIds())
                .containsExactly(Map.entry("bos", 1), Map.entry("unk", 0));
        GgufMetadata.Builder builder = GgufMetadata.builder();
        vocabulary.putInto(builder);
        assertThat(builder.build().values().keySet())
                .containsExactly(
                        "tokenizer.ggml.add_space_prefix",
                        "tokenizer.ggml.model",
                        "tokenizer.ggml.pre",
                        "tokenizer.ggml.tokens",
                        "tokenizer.ggml.scores",
                        "tokenizer.ggml.token_type",
                        "tokenizer.ggml.bos_token_id",
                        "tokenizer.ggml.unknown_token_id",
                        "tokenizer.ggml.add_bos_token",
                        "tokenizer.ggml.add_eos_token",
                        "tokenizer.chat_template");
    }

    @Test
    void takesIdsFromTheConfigOnlyWhereTheyAreWholeAndInside() {
        VocabularyConversion conversion =
                convert(
                        5,
                        "{\"bos_token_id\": 1, \"eos_token_id\": [2, 3], \"pad_token_id\": 5, \"sep_token_id\": -1}");
        assertThat(conversion.vocabulary().specialIds()).containsExactly(Map.entry("bos", 1));
        assertThat(conversion.warnings()).hasSize(2);
    }

    @Test
    void takesNamedTemplatesAndFilesWhereTheConfigHasNone() {
        write("tokenizer_config.json", "{\"legacy\": true}");
        write("chat_template.jinja", "from a file");
        assertThat(convert(5, "{}").vocabulary().chatTemplates().main()).contains("from a file");
        write(
                "tokenizer_config.json",
                """
                {"chat_template": [{"name": "default", "template": "d"},
                                   {"name": "tool-use", "template": "t"}]}
                """);
        ChatTemplates templates = convert(5, "{}").vocabulary().chatTemplates();
        assertThat(templates.main()).contains("d");
        assertThat(templates.named()).containsExactly(Map.entry("tool_use", "t"));
    }

    @Test
    void refusesAVocabularyThatLlamaCppWouldNotLoad() {
        write("added_tokens.json", "{\"a\": 5}");
        assertThatThrownBy(() -> convert(6, "{}"))
                .isInstanceOf(MalformedException.class)
                .hasMessage("the tokens 3 and 5 are both \"a\"");
    }

    @Test
    void addsTheBytePiecesThatAreMissing() {
        GgufVocabulary vocabulary = convert(5, "{}").vocabulary();
        assertThat(vocabulary.missingBytes()).hasSize(256);
        GgufVocabulary extended = vocabulary.withBytePieces();
        assertThat(extended.tokens())
                .hasSize(261)
                .startsWith(vocabulary.tokens().toArray(Token[]::new));
        assertThat(extended.tokens().get(5)).isEqualTo(new Token("<0x00>", -2, TokenType.BYTE));
        assertThat(extended.tokens().getLast().text()).isEqualTo("<0xFF>");
        assertThat(extended.missingBytes()).isEmpty();
        assertThat(extended.withBytePieces()).isEqualTo(extended);
    }

    private List<Token> tokens(int vocabSize, String config) {
        return convert(vocabSize, config).vocabulary().tokens();
    }

    private VocabularyConversion convert(int vocabSize, String config) {
        JsonObject json =
                (JsonObject) Json.parse(config.getBytes(StandardCharsets.UTF_8), "config.json");
        return VocabularyConversion.of(TokenizerFiles.in(folder), json, vocabSize);
    }

    private void write(String name, String text) {
        try {
            Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private GgufVocabulary converted() {
        JsonObject config = new JsonObject(new java.util.LinkedHashMap<>());
        return VocabularyConversion.of(TokenizerFiles.in(folder), config, 6).vocabulary();
    }

    @Test
    void aConfigThatSaysNothingIsAsNone() {
        write("tokenizer_config.json", "{}");
        write("chat_template.jinja", "{{ messages }}");
        assertThat(converted().chatTemplates().main()).isEmpty();
        write("tokenizer_config.json", "{\"legacy\": true}");
        assertThat(converted().chatTemplates().main()).hasValue("{{ messages }}");
    }

    @Test
    void specialIsWhatPythonTakesForTrue() {
        for (String special : List.of("true", "\"yes\"", "1")) {
            added(special);
            assertThat(converted().tokens().get(5).type()).as(special).isEqualTo(TokenType.CONTROL);
        }
        for (String special : List.of("false", "\"\"", "0", "null", "[]", "{}")) {
            added(special);
            assertThat(converted().tokens().get(5).type())
                    .as(special)
                    .isEqualTo(TokenType.USER_DEFINED);
        }
    }

    private void added(String special) {
        write(
                "tokenizer_config.json",
                "{\"added_tokens_decoder\": {\"5\": {\"content\": \"<x>\", \"special\": %s}}}"
                        .formatted(special));
    }

    @Test
    void normalizersAreWrittenInTheConvertersOrder() {
        write(
                "tokenizer.json",
                """
                {"normalizer": {"type": "Sequence", "normalizers": [
                  {"type": "StripAccents"}, {"type": "Lowercase"}, {"type": "NFC"}]}}
                """);
        GgufMetadata.Builder builder = GgufMetadata.builder();
        converted().putInto(builder);
        assertThat(builder.build().values().keySet().stream().filter(k -> k.contains("normalizer")))
                .containsExactly(
                        "tokenizer.ggml.normalizer.nfc",
                        "tokenizer.ggml.normalizer.lowercase",
                        "tokenizer.ggml.normalizer.strip_accents");
    }
}
