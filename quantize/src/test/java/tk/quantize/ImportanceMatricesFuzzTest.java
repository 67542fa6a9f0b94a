package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.testing.FuzzFile;
import tk.testing.Refusal;

import java.nio.file.Path;

/** Any importance matrix is read or refused: GGUF, or the older form. */
class ImportanceMatricesFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("imatrix.dat");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Path path = FILE.with(data);
        Refusal.ofGgufOrDone(() -> assertThat(ImportanceMatrices.read(path)).isNotNull());
    }
}
