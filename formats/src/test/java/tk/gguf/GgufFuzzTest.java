package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.PlannedFile;
import tk.checkpoint.WritePlan;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;
import tk.testing.FuzzFile;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/** Any bytes are read or refused; what is read can be written as it was. */
class GgufFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("x-00001-of-00002.gguf");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        FILE.readOrRefuse(data, path -> rewrite(data, path));
    }

    private static void rewrite(byte[] data, Path path) {
        try (GgufFile file = new GgufReader().open(path)) {
            for (Tensor tensor : file.tensors().values()) {
                var rows = MemorySegment.ofArray(new byte[(int) tensor.info().byteSize()]);
                tensor.readRows(0, tensor.info().shape().rows(), rows);
            }
            WritePlan plan = GgufWriter.plan(file.gguf(), file, path);
            if (file.version() == 3 && file.byteOrder() == ByteOrder.LITTLE_ENDIAN) {
                assertSameHeader(data, path, plan);
            }
        }
    }

    /** But for the padding, which need not be zeros. */
    private static void assertSameHeader(byte[] data, Path path, WritePlan plan) {
        var header = (PlannedFile.Literal) plan.files().getFirst().segments().getFirst();
        try (SourceFile source = SourceFile.open(path)) {
            GgufHeader read = GgufHeader.read(source);
            long end = Math.min(header.length() - read.alignment() + 1, data.length);
            int length = (int) Math.max(0, end);
            assertThat(Arrays.copyOf(header.bytes(), length))
                    .isEqualTo(Arrays.copyOf(data, length));
        }
    }
}
