package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.PlannedFile;
import tk.checkpoint.WritePlan;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;
import tk.testing.Refusal;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/** Any bytes are read or refused; what is read can be written as it was. */
class GgufFuzzTest {
    /** Where the bytes say that they are one of two parts, the other is missing. */
    private static final Path PATH = Path.of("x-00001-of-00002.gguf");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Refusal.ofGgufOrDone(() -> rewrite(data));
    }

    private static void rewrite(byte[] data) {
        SourceFile source = SourceFile.inMemory(PATH, data);
        try (GgufFile file = new GgufReader().open(source)) {
            for (Tensor tensor : file.tensors().values()) {
                var rows = MemorySegment.ofArray(new byte[(int) tensor.info().byteSize()]);
                tensor.readRows(0, tensor.info().shape().rows(), rows);
            }
            WritePlan plan = GgufWriter.plan(file.gguf(), file, PATH);
            if (file.version() == 3 && file.byteOrder() == ByteOrder.LITTLE_ENDIAN) {
                assertSameHeader(data, file, plan);
            }
        }
    }

    /** But for the padding, which need not be zeros. */
    private static void assertSameHeader(byte[] data, GgufFile file, WritePlan plan) {
        var header = (PlannedFile.Literal) plan.files().getFirst().segments().getFirst();
        long end = Math.min(header.length() - file.alignment() + 1, data.length);
        int length = (int) Math.max(0, end);
        assertThat(Arrays.copyOf(header.bytes(), length)).isEqualTo(Arrays.copyOf(data, length));
    }
}
