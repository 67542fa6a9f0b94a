package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Tiktoken's algorithm over ranks, and the merges that are made of them. */
class TiktokenTokenizerTest {
    private static final List<String> SPECIALS = Tiktoken.Specials.LLAMA_3_1.names();

    /** All bytes, and tokens that are each put together from two earlier ones. */
    private static Tiktoken ranks(int merges) {
        Set<String> tokens = new LinkedHashSet<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(ByteLevel.text(new byte[] {(byte) value}, 0, 1));
        }
        List<String> letters = new ArrayList<>();
        for (byte b : " aeiışğküTR\n19'!.".getBytes(StandardCharsets.UTF_8)) {
            letters.add(ByteLevel.text(new byte[] {b}, 0, 1));
        }
        Random random = new Random(3);
        List<String> parts = new ArrayList<>(letters);
        while (tokens.size() < 256 + merges) {
            String left = parts.get(random.nextInt(parts.size()));
            String right = letters.get(random.nextInt(letters.size()));
            if (random.nextInt(3) == 0) right = parts.get(random.nextInt(parts.size()));
            if (left.length() + right.length() < 12 && tokens.add(left + right)) {
                parts.add(left + right);
            }
        }
        return new Tiktoken(List.copyOf(tokens));
    }

    private static List<String> texts() {
        List<String> texts = new ArrayList<>(HostileTexts.all());
        texts.removeIf(text -> text.length() > 600);
        Random random = new Random(9);
        String alphabet = " aeiışğküTR\n19'!.";
        for (int i = 0; i < 500; i++) {
            StringBuilder text = new StringBuilder();
            for (int j = random.nextInt(60); j > 0; j--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            texts.add(text.toString());
        }
        return texts;
    }

    @Test
    void mergesMadeOfTheRanksGiveTheSameTokens() {
        Tiktoken ranks = ranks(400);
        TiktokenTokenizer tokenizer = new TiktokenTokenizer(ranks, SPECIALS);
        TokenizerJson json = TokenizerJson.of(ranks.tokenizerJson(SPECIALS), "test");
        for (String text : texts()) {
            for (Specials how : Specials.values()) {
                assertThat(tokenizer.encode(text, how)).as(text).isEqualTo(json.encode(text, how));
            }
        }
    }

    @Test
    void givesTheIdsOfTheSameTokenizersJson() {
        var file = Shared.path("fixtures/llama3/tok/tokenizer.model");
        TiktokenTokenizer tokenizer = TiktokenTokenizer.read(file, Tiktoken.Specials.LLAMA_3_1);
        for (var test : ExpectedTokens.read("fixtures/tokenizers/expected/llama3.json")) {
            assertThat(tokenizer.encode(test.text(), Specials.PARSE))
                    .as(test.text())
                    .isEqualTo(test.ids());
            String read = test.decoded();
            for (String special : SPECIALS) read = read.replace(special, "");
            assertThat(tokenizer.decode(test.ids())).isEqualTo(read);
        }
    }

    @Test
    void controlTokensAreReadOrNot() {
        TiktokenTokenizer tokenizer = new TiktokenTokenizer(ranks(0), SPECIALS);
        String text = "a<|eot_id|>b";
        assertThat(tokenizer.encode(text, Specials.PARSE)).containsExactly('a', 256 + 9, 'b');
        assertThat(tokenizer.encode(text, Specials.AS_TEXT)).hasSize(text.length());
        assertThat(tokenizer.decode('a', 256 + 9, 'b')).isEqualTo("ab");
        assertThat(tokenizer.piece(256 + 9)).isEqualTo("<|eot_id|>");
        assertThatThrownBy(() -> tokenizer.piece(tokenizer.size()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theControlTokensAreThoseOfTheGeneration() {
        JsonObject plain = new JsonObject(new LinkedHashMap<>());
        assertThat(Tiktoken.Specials.of(plain)).isEqualTo(Tiktoken.Specials.LLAMA_3);
        for (String spelling : List.of("rope_scaling", "rope_parameters")) {
            JsonObject scaled = plain.with(spelling, JsonValue.of(Map.of("rope_type", "llama3")));
            assertThat(Tiktoken.Specials.of(scaled)).isEqualTo(Tiktoken.Specials.LLAMA_3_1);
        }
    }
}
