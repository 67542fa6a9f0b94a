package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.testing.FuzzFile;

/** Any importance matrix is read or refused: GGUF, or the older form. */
class ImportanceMatricesFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("imatrix.dat");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        FILE.readOrRefuse(data, path -> assertThat(ImportanceMatrices.read(path)).isNotNull());
    }
}
