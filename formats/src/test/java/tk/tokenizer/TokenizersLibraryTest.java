package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.testing.Originals;
import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Our reading of a tokenizer.json against the tokenizers library itself. */
@Tag("interop")
class TokenizersLibraryTest {
    private static final String SCRIPT =
            """
            import json, sys
            from tokenizers import Tokenizer
            tokenizer = Tokenizer.from_file(sys.argv[1])
            texts = json.load(open(sys.argv[2], encoding="utf-8"))
            out = []
            for text in texts:
                ids = tokenizer.encode(text, add_special_tokens=False).ids
                out.append([ids, tokenizer.decode(ids, skip_special_tokens=True),
                            tokenizer.decode(ids, skip_special_tokens=False)])
            json.dump(out, open(sys.argv[3], "w", encoding="utf-8"))
            """;

    @TempDir Path folder;

    static List<String> variants() {
        return new ArrayList<>(JsonVariants.all().keySet());
    }

    @ParameterizedTest
    @MethodSource("variants")
    void givesItsIdsAndText(String variant) throws Exception {
        // Letters that are new in Unicode are lowered and composed by the newer library alone.
        boolean anyLetter = !variant.equals("added");
        compare(JsonVariants.all().get(variant).get(), anyLetter);
    }

    @Test
    void givesItsIdsForLlama31() throws Exception {
        compare(Json.readObject(LlamaCppTokenizerTest.llama31().resolve("tokenizer.json")), true);
    }

    private static boolean isNew(String text) {
        return text.codePoints()
                .anyMatch(
                        c ->
                                (c >= 0x1c80 && c < 0x1cd0)
                                        || (c >= 0xa7c0 && c < 0xa800)
                                        || (c >= 0x10000 && c < 0x1f000));
    }

    private void compare(JsonObject json, boolean anyLetter)
            throws IOException, InterruptedException {
        List<String> texts = new ArrayList<>(HostileTexts.all());
        if (!anyLetter) texts.removeIf(TokenizersLibraryTest::isNew);
        texts.addAll(Files.readAllLines(Shared.path("third-party/text/ud-turkish-boun-test.txt")));
        texts.addAll(
                List.of(
                        "a<mask>b <mask> b",
                        " <mask>  x",
                        "xtoolx tool x tool",
                        "[BİG] [big] [BIG]"));
        Path file =
                Files.writeString(folder.resolve("tokenizer.json"), JsonText.PRETTY.write(json));
        Path in =
                Files.writeString(
                        folder.resolve("texts.json"), JsonText.PRETTY.write(JsonValue.of(texts)));
        Path script = Files.writeString(folder.resolve("encode.py"), SCRIPT);
        Path out = folder.resolve("ids.json");
        Originals.run(Originals.python(), script, file, in, out);
        List<JsonValue> expected = ((JsonArray) Json.read(out)).items();
        TokenizerJson tokenizer = TokenizerJson.read(file);
        SoftAssertions all = new SoftAssertions();
        for (int i = 0; i < texts.size(); i++) {
            List<JsonValue> test = ((JsonArray) expected.get(i)).items();
            int[] ids =
                    ((JsonArray) test.get(0))
                            .items().stream()
                                    .mapToInt(
                                            id ->
                                                    (int)
                                                            (long)
                                                                    ((JsonNumber) id)
                                                                            .asLong()
                                                                            .orElseThrow())
                                    .toArray();
            all.assertThat(tokenizer.encode(texts.get(i), Specials.PARSE))
                    .as(texts.get(i))
                    .isEqualTo(ids);
            all.assertThat(tokenizer.decode(ids)).isEqualTo(((JsonString) test.get(1)).value());
            all.assertThat(tokenizer.decodeAll(ids)).isEqualTo(((JsonString) test.get(2)).value());
        }
        all.assertAll();
        assertThat(texts).hasSizeGreaterThan(2_500);
    }
}
