package tk.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.testing.FuzzFile;

/** Any vocabulary in a GGUF file is read or refused; what is read encodes and decodes. */
class GgufTokenizerFuzzTest {
    private static final String TEXT = "Ünlü  bir\tşehir, 12345 <s>\ud83d\ude00\n";
    private static final FuzzFile FILE = new FuzzFile("vocabulary.gguf");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        FILE.readOrRefuse(
                data,
                path -> {
                    try (GgufFile file = new GgufReader().open(path)) {
                        GgufTokenizer tokenizer = GgufTokenizer.of(file.gguf());
                        for (Tokenizer.Specials specials : Tokenizer.Specials.values()) {
                            tokenizer.decode(tokenizer.encode(TEXT, specials));
                        }
                    }
                });
    }
}
