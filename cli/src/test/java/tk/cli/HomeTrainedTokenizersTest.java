package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.Charsmap;
import tk.tokenizer.ChatTemplates;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.GgufVocabulary.UnigramRules;
import tk.tokenizer.SentencePieceWriter;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.VocabularyConversion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/** What people choose when they train a SentencePiece model, on the example's own pieces. */
class HomeTrainedTokenizersTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;
    private final List<Token> tokens = new ArrayList<>();
    private final SequencedMap<String, Integer> special = new LinkedHashMap<>();

    @BeforeEach
    void takeTheExamplesPieces() {
        tokens.addAll(
                VocabularyConversion.of(
                                TokenizerFiles.of(EXAMPLE.resolve("tokenizer.model")),
                                new JsonObject(new LinkedHashMap<>()),
                                8000)
                        .vocabulary()
                        .tokens());
        special.put("unk", 0);
        special.put("bos", 1);
        special.put("eos", 2);
    }

    /** Packages the example with this vocabulary; the settings name no special token. */
    private Run packaged(Optional<UnigramRules> unigram) throws IOException {
        GgufVocabulary vocabulary =
                new GgufVocabulary(
                        unigram.isPresent() ? GgufVocabulary.UNIGRAM : GgufVocabulary.SPM,
                        Optional.empty(),
                        tokens,
                        true,
                        List.of(),
                        special,
                        new LinkedHashMap<>(),
                        Optional.of(true),
                        new LinkedHashMap<>(),
                        ChatTemplates.NONE,
                        unigram);
        Path model = folder.resolve("tokenizer.model");
        Files.write(model, SentencePieceWriter.write(vocabulary, tokens.size()));
        Path config = folder.resolve("config.json");
        JsonObject settings =
                Json.readObject(EXAMPLE.resolve("config.json"))
                        .with("bos_token_id", JsonValue.JsonNull.NULL)
                        .with("eos_token_id", JsonValue.JsonNull.NULL);
        Files.writeString(config, JsonText.PRETTY.write(settings));
        return tk(
                "package",
                PT,
                folder.resolve("out"),
                "-t",
                "f16",
                "--name",
                "m",
                "--config",
                config,
                "--tokenizer",
                model);
    }

    private void addBytePieces() {
        for (int b = 0; b < 256; b++) {
            String text = String.format(Locale.ROOT, "<0x%02X>", b);
            tokens.set(3 + b, new Token(text, 0, TokenType.BYTE));
        }
    }

    private String ids(String text) {
        return tk("tokenize", "--ids", folder.resolve("out/m-f16.gguf"), text).out().strip();
    }

    @Test
    void symbolsOfAChatStayOneTokenEach() throws IOException {
        addBytePieces();
        tokens.set(300, new Token("<|im_start|>", 0, TokenType.USER_DEFINED));
        tokens.set(301, new Token("<|im_end|>", 0, TokenType.USER_DEFINED));
        Run run = packaged(Optional.empty());
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(ids("<|im_start|>user\nSelam<|im_end|>"))
                .startsWith("[1, 300, ")
                .endsWith(", 301]");
        assertThat(Files.readString(folder.resolve("out/report.json")))
                .contains("cuts at user-defined tokens first");
    }

    @Test
    void withoutBosNoPieceTakesItsPlace() throws IOException {
        tokens.set(1, new Token("zzz", -9000, TokenType.NORMAL));
        tokens.set(2, new Token("zzzz", -9001, TokenType.NORMAL));
        special.remove("bos");
        special.remove("eos");
        Run run = packaged(Optional.empty());
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(ids("Merhaba")).doesNotStartWith("[1, ");
        JsonObject metadata =
                tk("inspect", "--json", folder.resolve("out/m-f16.gguf"))
                        .json()
                        .object("metadata")
                        .orElseThrow();
        assertThat(metadata.bool("tokenizer.ggml.add_bos_token")).contains(false);
        assertThat(metadata.number("tokenizer.ggml.eos_token_id").orElseThrow().asDouble())
                .isZero();
    }

    @Test
    void aUnigramModelMayHaveBytePieces() throws IOException {
        addBytePieces();
        Run run = packaged(Optional.of(new UnigramRules(true, Charsmap.NONE)));
        assertThat(run.exit()).as(run.err() + run.out()).isZero();
        assertThat(run.err()).contains("spells unknown characters in bytes");
    }
}
