package tk.filekind;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.tensor.SourceFile;
import tk.testing.Refusal;

import java.nio.file.Path;

/** Any bytes are of some kind, and where they are no weights there are words for them. */
class FileKindsFuzzTest {
    private static final Path PATH = Path.of("model.bin");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void namesTheKind(byte[] data) {
        Refusal.orDone(
                () -> {
                    FileKind kind = FileKinds.of(SourceFile.inMemory(PATH, data));
                    if (!(kind instanceof FileKind.Weights)) {
                        assertThat(FileKinds.refusal(PATH, kind).getMessage())
                                .contains("model.bin");
                    }
                });
    }
}
