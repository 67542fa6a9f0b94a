package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.testing.FuzzFile;

import java.nio.file.Path;

/** Any list of checksums is read or refused, and names no file outside its folder. */
class MetaChecklistFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("checklist.chk");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        FILE.readOrRefuse(
                data,
                path -> {
                    for (MetaChecklist.Entry entry : MetaChecklist.read(path).entries()) {
                        Path named = path.resolveSibling(entry.name()).normalize();
                        assertThat(named.getParent()).isEqualTo(path.getParent());
                    }
                });
    }
}
