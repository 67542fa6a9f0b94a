package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.UnsupportedException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;
import tk.tokenizer.ChatTemplates;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.PreTokenizerSteps;
import tk.tokenizer.SentencePieceTokenizer;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer;
import tk.tokenizer.Tokenizer.Specials;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.TokenizerJson;
import tk.tokenizer.VocabularyConversion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

class GgufTokenizerFilesTest {
    @TempDir Path folder;

    private TokenizerFiles write(GgufVocabulary vocabulary) throws IOException {
        for (Map.Entry<String, byte[]> file : GgufTokenizerFiles.of(vocabulary, 2048).entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        return TokenizerFiles.in(folder);
    }

    private JsonObject settings() {
        return Json.readObject(folder.resolve("tokenizer_config.json"));
    }

    private static GgufVocabulary vocabulary(
            String model, String pre, List<Token> tokens, List<String> merges) {
        SequencedMap<String, Integer> ids = new LinkedHashMap<>();
        ids.put("bos", 1);
        ids.put("eos", 2);
        SequencedMap<String, Boolean> added = new LinkedHashMap<>();
        added.put("bos", true);
        added.put("eos", false);
        return new GgufVocabulary(
                model,
                Optional.of(pre),
                tokens,
                model.equals(GgufVocabulary.SPM),
                merges,
                ids,
                added,
                Optional.empty(),
                new LinkedHashMap<>(),
                new ChatTemplates(Optional.of("{{ messages }}"), new LinkedHashMap<>()));
    }

    private static GgufVocabulary sentencePiece() {
        List<Token> tokens = new ArrayList<>();
        tokens.add(new Token("<unk>", 0, TokenType.UNKNOWN));
        tokens.add(new Token("<s>", 0, TokenType.CONTROL));
        tokens.add(new Token("</s>", 0, TokenType.CONTROL));
        for (int b = 0; b < 256; b++) {
            tokens.add(new Token("<0x%02X>".formatted(b), 0, TokenType.BYTE));
        }
        for (String piece : List.of("▁a", "▁ab", "c", "ı", "▁")) {
            tokens.add(new Token(piece, -tokens.size(), TokenType.NORMAL));
        }
        tokens.add(new Token("<|im_end|>", -1000, TokenType.CONTROL));
        tokens.add(new Token("two words", -1000, TokenType.USER_DEFINED));
        tokens.add(new Token("[PAD266]", -10000, TokenType.UNUSED));
        return vocabulary(GgufVocabulary.SPM, "default", tokens, List.of());
    }

    @Test
    void aSentencePieceVocabularyComesBack() throws IOException {
        GgufVocabulary before = sentencePiece();
        TokenizerFiles files = write(before);
        JsonObject config = new JsonObject(new LinkedHashMap<>());
        GgufVocabulary after = VocabularyConversion.of(files, config, 267).vocabulary();
        assertThat(after.tokens()).isEqualTo(before.tokens());
        assertThat(after.addSpecial()).isEqualTo(before.addSpecial());
        assertThat(after.chatTemplates()).isEqualTo(before.chatTemplates());
        assertThat(settings().string("eos_token")).hasValue("</s>");
    }

    @Test
    void aByteLevelVocabularyBecomesATokenizerJson() throws IOException {
        List<Token> tokens = new ArrayList<>();
        for (String text : List.of("a", "<|bos|>", "<|eos|>", "b", "Ġ", "ab", "Ġab", "<tool>")) {
            TokenType type =
                    text.startsWith("<|")
                            ? TokenType.CONTROL
                            : text.equals("<tool>") ? TokenType.USER_DEFINED : TokenType.NORMAL;
            tokens.add(new Token(text, 0, type));
        }
        GgufVocabulary vocabulary =
                vocabulary(GgufVocabulary.BPE, "llama-bpe", tokens, List.of("a b", "Ġ ab"));
        TokenizerJson tokenizer = TokenizerJson.read(write(vocabulary).json().orElseThrow());
        assertThat(tokenizer.encode("ab ab<tool>a<|eos|>", Specials.PARSE))
                .containsExactly(5, 6, 7, 0, 2);
        assertThat(settings().string("bos_token")).hasValue("<|bos|>");
        assertThat(settings().string("chat_template")).hasValue("{{ messages }}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "llama-spm"})
    void llamaCppsVocabulariesTokenizeAlike(String name) throws IOException {
        Path file = Shared.path("third-party/vocab/ggml-vocab-" + name + ".gguf");
        String[] texts =
                Files.readString(file.resolveSibling(file.getFileName() + ".inp"))
                        .split("\n__ggml_vocab_test__\n");
        GgufVocabulary vocabulary;
        Tokenizer original;
        try (GgufFile gguf = new GgufReader().open(file)) {
            vocabulary = GgufVocabulary.fromGguf(gguf.gguf());
            original = GgufTokenizer.of(gguf.gguf());
        }
        TokenizerFiles files = write(vocabulary);
        Tokenizer made =
                files.json().isPresent()
                        ? TokenizerJson.read(files.json().get())
                        : SentencePieceTokenizer.read(files.model().orElseThrow());
        for (String text : texts) {
            assertThat(made.encode(text, Specials.AS_TEXT))
                    .as(text)
                    .containsExactly(original.encode(text, Specials.AS_TEXT));
        }
    }

    /** GPT-2's spelling of a byte: itself where it is visible, else a character from 256 on. */
    private static String byteLevel(int value) {
        int hidden = 0;
        for (int b = 0; b < 256; b++) {
            boolean visible = (b > 32 && b < 127) || (b > 160 && b != 173);
            if (b == value) return Character.toString(visible ? b : 256 + hidden);
            if (!visible) hidden++;
        }
        throw new IllegalArgumentException("byte " + value);
    }

    static List<String> preTokenizers() {
        return PreTokenizerSteps.names();
    }

    @ParameterizedTest
    @MethodSource("preTokenizers")
    void everyPreTokenizerComesBackAndCutsAlike(String pre) throws IOException {
        List<Token> tokens = new ArrayList<>();
        tokens.add(new Token("<unk>", 0, TokenType.CONTROL));
        tokens.add(new Token("<s>", 0, TokenType.CONTROL));
        tokens.add(new Token("</s>", 0, TokenType.CONTROL));
        for (int b = 0; b < 256; b++) {
            tokens.add(new Token(byteLevel(b), 0, TokenType.NORMAL));
        }
        for (String text : List.of("12", "ab", "123", "'l", "Ġ1", "\u0120\u0120", "..", "aB")) {
            tokens.add(new Token(text, 0, TokenType.NORMAL));
        }
        List<String> merges = List.of("1 2", "a b", "12 3", "' l", "Ġ 1", "Ġ Ġ", ". .", "a B");
        GgufVocabulary before = vocabulary(GgufVocabulary.BPE, pre, tokens, merges);
        TokenizerFiles files = write(before);
        JsonObject config = new JsonObject(new LinkedHashMap<>());
        GgufVocabulary after = VocabularyConversion.of(files, config, tokens.size()).vocabulary();
        assertThat(after.tokens()).isEqualTo(before.tokens());
        assertThat(after.merges()).isEqualTo(before.merges());
        assertThat(PreTokenizerSteps.of(after.pre().orElseThrow()).expressions())
                .isEqualTo(PreTokenizerSteps.of(pre).expressions());
        GgufTokenizer inLlamaCpp = GgufTokenizer.of(before, "");
        TokenizerJson inTransformers = TokenizerJson.read(files.json().orElseThrow());
        for (String text :
                List.of("12345 ab1 aB", "a  b\n\n 1..2 we'll", "<s>ab</s> 3½", "ğüş ³x")) {
            assertThat(inTransformers.encode(text, Specials.PARSE))
                    .as(text)
                    .containsExactly(inLlamaCpp.encode(text, Specials.PARSE));
        }
    }

    @Test
    void theModelHoldsEveryIdBelowTheLastAddedTokens() throws IOException {
        // The tokenizers library gives added tokens that the model lacks the next free ids.
        List<Token> tokens = new ArrayList<>();
        tokens.add(new Token("<s>", 0, TokenType.CONTROL));
        tokens.add(new Token("a", 0, TokenType.NORMAL));
        tokens.add(new Token("[PAD2]", 0, TokenType.UNUSED));
        tokens.add(new Token("b", 0, TokenType.NORMAL));
        tokens.add(new Token("</s>", 0, TokenType.CONTROL));
        tokens.add(new Token("<tool>", 0, TokenType.USER_DEFINED));
        tokens.add(new Token("[PAD6]", 0, TokenType.UNUSED));
        GgufVocabulary vocabulary = vocabulary(GgufVocabulary.BPE, "qwen2", tokens, List.of());
        JsonObject json = Json.readObject(write(vocabulary).json().orElseThrow());
        assertThat(json.object("model").flatMap(m -> m.object("vocab")).orElseThrow().members())
                .containsOnlyKeys("<s>", "a", "[PAD2]", "b");
        assertThat(json.array("added_tokens").orElseThrow().items()).hasSize(3);
    }

    @Test
    void aUnigramVocabularyComesBackWithItsRules() throws IOException {
        Path model = Shared.path("fixtures/tokenizers/tr_uni8k.model");
        JsonObject config = new JsonObject(new LinkedHashMap<>());
        GgufVocabulary before =
                VocabularyConversion.of(
                                TokenizerFiles.of(model),
                                config,
                                8000,
                                new VocabularyConversion.Options(
                                        VocabularyConversion.Fidelity.TO_THE_TOKENIZER,
                                        Optional.empty()))
                        .vocabulary();
        TokenizerFiles files = write(before);
        GgufVocabulary after =
                VocabularyConversion.of(
                                files,
                                config,
                                8000,
                                new VocabularyConversion.Options(
                                        VocabularyConversion.Fidelity.TO_THE_TOKENIZER,
                                        Optional.empty()))
                        .vocabulary();
        assertThat(after.tokens()).isEqualTo(before.tokens());
        assertThat(after.unigram()).isEqualTo(before.unigram());
        Tokenizer source = SentencePieceTokenizer.read(model);
        Tokenizer made = SentencePieceTokenizer.read(files.model().orElseThrow());
        for (String text : List.of(" Kâğıt  ve\tkalem ", "ﬁne ½", "", "İSTANBUL'da 12")) {
            assertThat(made.encode(text, Specials.AS_TEXT))
                    .as(text)
                    .containsExactly(source.encode(text, Specials.AS_TEXT));
        }
        assertThat(settings().string("tokenizer_class")).hasValue("PreTrainedTokenizerFast");
        JsonObject json = Json.readObject(files.json().orElseThrow());
        assertThat(json.object("model").flatMap(m -> m.string("type"))).hasValue("Unigram");
    }

    @Test
    void whatHasNoEqualIsRefused() {
        GgufVocabulary other = vocabulary("rwkv", "default", sentencePiece().tokens(), List.of());
        assertThatThrownBy(() -> GgufTokenizerFiles.of(other, 2048))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("rwkv");
        GgufVocabulary unknown =
                vocabulary(GgufVocabulary.BPE, "no-such", sentencePiece().tokens(), List.of());
        assertThatThrownBy(() -> GgufTokenizerFiles.of(unknown, 2048))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("no-such");
    }
}
