package tk.verify.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.UsageException;
import tk.gguf.GgufMetadata;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.Tiktoken;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.VocabularyConversion;
import tk.verify.corpus.Corpus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Vocabularies of tokenizer.json and of tiktoken's ranks, against the GGUF made of them. */
class SourceVocabularyTest {
    private static final List<String> LONGER =
            List.of(
                    "er", "in", "en", "an", "ın", "at", "on", " b", "ir", "bir", " bir", "la",
                    "lar", "12");

    private static final List<String> TEXTS =
            Corpus.texts().values().stream().flatMap(List::stream).toList();

    @TempDir Path folder;

    /** All bytes, and a few tokens of two and more. */
    private Path ranks() throws IOException {
        StringBuilder text = new StringBuilder();
        List<byte[]> tokens = new ArrayList<>();
        for (int value = 0; value < 256; value++) tokens.add(new byte[] {(byte) value});
        for (String token : LONGER) {
            tokens.add(token.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        for (byte[] token : tokens) {
            text.append(Base64.getEncoder().encodeToString(token)).append(' ');
            text.append(text.isEmpty() ? 0 : text.chars().filter(c -> c == '\n').count());
            text.append('\n');
        }
        return Files.writeString(folder.resolve("tokenizer.model"), text);
    }

    private static JsonObject config(int vocabSize) {
        return (JsonObject)
                JsonValue.of(
                        Map.of(
                                "architectures",
                                List.of("LlamaForCausalLM"),
                                "rope_parameters",
                                Map.of("rope_type", "llama3"),
                                "vocab_size",
                                vocabSize,
                                "bos_token_id",
                                LONGER.size() + 256,
                                "eos_token_id",
                                LONGER.size() + 257));
    }

    private static int size() {
        return 256 + LONGER.size() + 256;
    }

    private static Vocabulary gguf(TokenizerFiles files) {
        GgufMetadata.Builder gguf = GgufMetadata.builder();
        VocabularyConversion.of(files, config(size()), size()).putInto(gguf);
        return Vocabulary.of(gguf.build());
    }

    private static Vocabulary source(TokenizerFiles files) {
        return SourceVocabulary.of(files, List.of(config(size())));
    }

    private JsonObject json() throws IOException {
        return Tiktoken.read(ranks()).tokenizerJson(Tiktoken.Specials.LLAMA_3_1.names());
    }

    private TokenizerFiles jsonFiles(UnaryOperator<JsonObject> change) throws IOException {
        Path file = folder.resolve("changed.json");
        Files.writeString(file, JsonText.PRETTY.write(change.apply(json())));
        return TokenizerFiles.of(file);
    }

    private static void assertSame(Vocabulary source, Vocabulary gguf) {
        assertThat(VocabularyComparison.of(source, gguf, size()).failures()).isEmpty();
        TokenComparison texts = TokenComparison.of(source, gguf, TEXTS);
        assertThat(texts.mismatches()).isEmpty();
        assertThat(texts.cases()).isGreaterThan(100);
        assertThat(source.bos()).isEqualTo(gguf.bos());
        assertThat(source.addBos()).isEqualTo(gguf.addBos()).isTrue();
        assertThat(source.eos()).containsAll(gguf.eos());
    }

    @Test
    void ranksAreTheGgufMadeOfThem() throws IOException {
        TokenizerFiles files = TokenizerFiles.of(ranks());
        Vocabulary source = source(files);
        assertSame(source, gguf(files));
        assertThat(source.entries()).hasSize(size());
        assertThat(source.entries().get(256 + LONGER.size() + 10).text())
                .isEqualTo("<|python_tag|>");
    }

    @Test
    void aTokenizerJsonIsTheGgufMadeOfIt() throws IOException {
        TokenizerFiles files = jsonFiles(UnaryOperator.identity());
        assertSame(source(files), gguf(files));
        assertThat(source(files).merges()).isNotEmpty();
    }

    @Test
    void otherMergesAreFound() throws IOException {
        Vocabulary source = source(jsonFiles(UnaryOperator.identity()));
        Vocabulary other =
                gguf(
                        jsonFiles(
                                json -> {
                                    JsonObject model = json.object("model").orElseThrow();
                                    List<JsonValue> merges =
                                            new ArrayList<>(
                                                    model.array("merges").orElseThrow().items());
                                    merges.add(0, merges.removeLast());
                                    return json.with(
                                            "model", model.with("merges", new JsonArray(merges)));
                                }));
        assertThat(VocabularyComparison.of(source, other, size()).failures())
                .singleElement()
                .asString()
                .startsWith("merge 0 of");
    }

    @Test
    void anotherCuttingIntoWordsIsFound() throws IOException {
        TokenizerFiles files = jsonFiles(UnaryOperator.identity());
        GgufMetadata.Builder gguf = GgufMetadata.builder();
        VocabularyConversion.of(
                        files,
                        config(size()),
                        size(),
                        new VocabularyConversion.Options(
                                VocabularyConversion.Fidelity.TO_THE_CONVERTER,
                                Optional.of("qwen2")))
                .putInto(gguf);
        TokenComparison texts =
                TokenComparison.of(source(files), Vocabulary.of(gguf.build()), TEXTS);
        assertThat(texts.mismatches()).isNotEmpty();
    }

    @Test
    void twoTokensExchangedAreFound() throws IOException {
        Vocabulary source = source(jsonFiles(UnaryOperator.identity()));
        Vocabulary other =
                gguf(
                        jsonFiles(
                                json -> {
                                    JsonObject model = json.object("model").orElseThrow();
                                    var vocab =
                                            new LinkedHashMap<>(
                                                    model.object("vocab").orElseThrow().members());
                                    JsonValue a = vocab.get("a");
                                    vocab.put("a", vocab.get("b"));
                                    vocab.put("b", a);
                                    return json.with(
                                            "model", model.with("vocab", new JsonObject(vocab)));
                                }));
        assertThat(VocabularyComparison.of(source, other, size()).failures())
                .hasSize(2)
                .first()
                .asString()
                .isEqualTo("token 97: \"b\", expected \"a\"");
    }

    @Test
    void anAddedTokenThatIsNoControlTokenMayBeEither() throws IOException {
        TokenizerFiles files =
                jsonFiles(
                        json -> {
                            List<JsonValue> added =
                                    new ArrayList<>(
                                            json.array("added_tokens").orElseThrow().items());
                            JsonObject last = (JsonObject) added.removeLast();
                            added.add(
                                    last.with("content", new JsonString("<tool>"))
                                            .with("special", JsonValue.of(false)));
                            return json.with("added_tokens", new JsonArray(added));
                        });
        assertSame(source(files), gguf(files));
    }

    @Test
    void noTokenizerIsTold() {
        assertThatThrownBy(() -> SourceVocabulary.of(TokenizerFiles.NONE, List.of()))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("no tokenizer.json");
    }
}
