package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.WritePlan;
import tk.error.TkException;
import tk.tensor.Tensor;
import tk.testing.FuzzFile;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Any bytes are read or refused; what is read can be written.
 *
 * <p>Run with {@code JAZZER_FUZZ=1} to look for new inputs; otherwise those beside this class are
 * replayed.
 */
class SafetensorsFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("model.safetensors");
    private static final FuzzFile INDEX = new FuzzFile("model.safetensors.index.json");

    @FuzzTest(maxDuration = "10m")
    void readsOrRefuses(byte[] data) {
        Path path = FILE.with(data);
        try (Checkpoint file = new SafetensorsReader().open(path)) {
            long bytes = 0;
            for (Tensor tensor : file.tensors().values()) {
                var rows = MemorySegment.ofArray(new byte[(int) tensor.info().byteSize()]);
                tensor.readRows(0, tensor.info().shape().rows(), rows);
                bytes += rows.byteSize();
            }
            WritePlan plan = SafetensorsWriter.plan(file, file.metadata(), path);
            assertThat(plan.bytes()).isGreaterThan(bytes);
        } catch (TkException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }

    @FuzzTest(maxDuration = "10m")
    void readsOrRefusesAnIndex(byte[] data) {
        Path path = INDEX.with(data);
        try {
            for (String shard : ShardIndex.read(path).weightMap().values()) {
                assertThat(path.resolveSibling(shard).normalize().getParent())
                        .isEqualTo(path.getParent());
            }
        } catch (TkException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }
}
