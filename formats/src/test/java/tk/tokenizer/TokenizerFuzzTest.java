package tk.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Refusal;

import java.util.List;

/**
 * Any tokenizer.json, SentencePiece model and tiktoken vocabulary is read or refused; what is read
 * encodes and decodes.
 */
class TokenizerFuzzTest {
    private static final String TEXT = "Ünlü  bir\tşehir, 12345 <s>\ud83d\ude00\n";

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesATokenizerJson(byte[] data) {
        Refusal.orDone(
                () -> {
                    if (Json.parse(data, "tokenizer.json") instanceof JsonObject json) {
                        encode(TokenizerJson.of(json, "tokenizer.json"));
                    }
                });
    }

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesASentencePieceModel(byte[] data) {
        Refusal.orDone(
                () -> {
                    SentencePieceModel model = SentencePieceModel.parse(data, "tokenizer.model");
                    encode(SentencePieceTokenizer.of(model));
                });
    }

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesTiktokenRanks(byte[] data) {
        Refusal.orDone(
                () -> {
                    String text = new String(data, UTF_8);
                    Tiktoken ranks = Tiktoken.parse(text, "tokenizer.model");
                    encode(new TiktokenTokenizer(ranks, List.of("<|begin_of_text|>")));
                });
    }

    private static void encode(Tokenizer tokenizer) {
        for (Tokenizer.Specials specials : Tokenizer.Specials.values()) {
            tokenizer.decode(tokenizer.encode(TEXT, specials));
        }
    }
}
