package tk.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.tensor.SourceFile;
import tk.testing.Refusal;

import java.nio.file.Path;

/** Any vocabulary in a GGUF file is read or refused; what is read encodes and decodes. */
class GgufTokenizerFuzzTest {
    private static final String TEXT = "Ünlü  bir\tşehir, 12345 <s>\ud83d\ude00\n";
    private static final Path PATH = Path.of("vocabulary.gguf");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Refusal.ofGgufOrDone(
                () -> {
                    try (GgufFile file = new GgufReader().open(SourceFile.inMemory(PATH, data))) {
                        GgufTokenizer tokenizer = GgufTokenizer.of(file.gguf());
                        for (Tokenizer.Specials specials : Tokenizer.Specials.values()) {
                            tokenizer.decode(tokenizer.encode(TEXT, specials));
                        }
                    }
                });
    }
}
