package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Our reading of a tokenizer.json against the tokenizers library itself. */
@Tag("interop")
class TokenizersLibraryTest {
    /** One run for all: its start takes longer than its work. */
    private static final String SCRIPT =
            """
            import json, sys
            from tokenizers import Tokenizer
            texts = json.load(open(sys.argv[1], encoding="utf-8"))
            for file in sys.argv[2:]:
                tokenizer = Tokenizer.from_file(file)
                out = []
                for text in texts:
                    ids = tokenizer.encode(text, add_special_tokens=False).ids
                    out.append([ids, tokenizer.decode(ids, skip_special_tokens=True),
                                tokenizer.decode(ids, skip_special_tokens=False)])
                json.dump(out, open(file + ".ids", "w", encoding="utf-8"))
            """;

    @TempDir static Path folder;
    private static List<String> texts = List.of();

    static List<String> variants() {
        return new ArrayList<>(JsonVariants.all().keySet());
    }

    @BeforeAll
    static void encodeAll() throws IOException, InterruptedException {
        texts = new ArrayList<>(HostileTexts.all());
        texts.addAll(Files.readAllLines(Shared.path("third-party/text/ud-turkish-boun-test.txt")));
        texts.addAll(
                List.of(
                        "a<mask>b <mask> b",
                        " <mask>  x",
                        "xtoolx tool x tool",
                        "[BİG] [big] [BIG]"));
        List<Object> arguments = new ArrayList<>();
        arguments.add(Files.writeString(folder.resolve("encode.py"), SCRIPT));
        Path in = folder.resolve("texts.json");
        arguments.add(Files.writeString(in, JsonText.PRETTY.write(JsonValue.of(texts))));
        for (Map.Entry<String, Supplier<JsonObject>> variant : JsonVariants.all().entrySet()) {
            Path file = folder.resolve(variant.getKey());
            String json = JsonText.PRETTY.write(variant.getValue().get());
            arguments.add(Files.writeString(file, json));
        }
        Originals.run(Originals.python(), arguments.toArray());
    }

    @ParameterizedTest
    @MethodSource("variants")
    void givesItsIdsAndText(String variant) {
        compare(folder.resolve(variant), !variant.equals("added"));
    }

    @Test
    void givesItsIdsForLlama31() throws IOException, InterruptedException {
        Path file = folder.resolve("llama31");
        Files.copy(Originals.llama31Tokenizer().resolve("tokenizer.json"), file);
        Originals.run(
                Originals.python(),
                folder.resolve("encode.py"),
                folder.resolve("texts.json"),
                file);
        compare(file, true);
    }

    /** Letters that are new in Unicode are lowered and composed by the newer library alone. */
    private static boolean isNew(String text) {
        return text.codePoints()
                .anyMatch(
                        c ->
                                (c >= 0x1c80 && c < 0x1cd0)
                                        || (c >= 0xa7c0 && c < 0xa800)
                                        || (c >= 0x10000 && c < 0x1f000));
    }

    private static void compare(Path file, boolean anyLetter) {
        List<JsonValue> expected =
                ((JsonArray) Json.read(file.resolveSibling(file.getFileName() + ".ids"))).items();
        TokenizerJson tokenizer = TokenizerJson.read(file);
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            if (!anyLetter && isNew(text)) continue;
            List<JsonValue> test = ((JsonArray) expected.get(i)).items();
            int[] ids = ids((JsonArray) test.get(0));
            int[] ours = tokenizer.encode(text, Specials.PARSE);
            if (!Arrays.equals(ours, ids)) {
                differences.add(text + ": " + Arrays.toString(ours) + ", " + Arrays.toString(ids));
            }
            for (int all = 0; all < 2; all++) {
                String read = ((JsonString) test.get(1 + all)).value();
                String decoded = all == 0 ? tokenizer.decode(ids) : tokenizer.decodeAll(ids);
                if (!decoded.equals(read)) differences.add(text + ": " + decoded + ", " + read);
            }
        }
        assertThat(differences).isEmpty();
        assertThat(texts).hasSizeGreaterThan(2_500);
    }

    private static int[] ids(JsonArray array) {
        return array.items().stream()
                .mapToInt(id -> (int) (long) ((JsonNumber) id).asLong().orElseThrow())
                .toArray();
    }
}
