package tk.filekind;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.testing.FuzzFile;

/** Any bytes are of some kind, and where they are no weights there are words for them. */
class FileKindsFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("model.bin");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void namesTheKind(byte[] data) {
        FILE.readOrRefuse(
                data,
                path -> {
                    FileKind kind = FileKinds.of(path);
                    if (!(kind instanceof FileKind.Weights)) {
                        assertThat(FileKinds.refusal(path, kind).getMessage())
                                .contains("model.bin");
                    }
                });
    }
}
