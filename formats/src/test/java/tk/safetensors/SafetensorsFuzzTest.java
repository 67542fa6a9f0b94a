package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.WritePlan;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;
import tk.testing.FuzzFile;
import tk.testing.Refusal;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Any bytes are read or refused; what is read can be written. */
class SafetensorsFuzzTest {
    private static final Path PATH = Path.of("model.safetensors");
    private static final FuzzFile INDEX = new FuzzFile("model.safetensors.index.json");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Refusal.orDone(() -> rewrite(data));
    }

    private static void rewrite(byte[] data) {
        try (Checkpoint file = SafetensorsReader.open(SourceFile.inMemory(PATH, data))) {
            long bytes = 0;
            for (Tensor tensor : file.tensors().values()) {
                int size = (int) tensor.info().byteSize();
                var rows = MemorySegment.ofArray(new byte[size]);
                tensor.readRows(0, tensor.info().shape().rows(), rows);
                bytes += size;
            }
            WritePlan plan = SafetensorsWriter.plan(file, file.metadata(), PATH);
            assertThat(plan.bytes()).isGreaterThan(bytes);
        }
    }

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesAnIndex(byte[] data) {
        INDEX.readOrRefuse(
                data,
                path -> {
                    for (String shard : ShardIndex.read(path).weightMap().values()) {
                        assertThat(path.resolveSibling(shard).normalize().getParent())
                                .isEqualTo(path.getParent());
                    }
                });
    }
}
