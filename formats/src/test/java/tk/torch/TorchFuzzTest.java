package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.Checkpoint;
import tk.error.TkException;
import tk.tensor.RefusedTensor;
import tk.tensor.Tensor;
import tk.testing.FuzzFile;

import java.nio.file.Path;

/**
 * Any bytes are read or refused, whatever form of checkpoint they pretend to be; what is read can
 * be planned as a {@code .pt} again, and everything can be audited.
 *
 * <p>Run with {@code JAZZER_FUZZ=1} to look for new inputs; otherwise those beside this class are
 * replayed.
 */
class TorchFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("model.pt");
    private static final long LARGEST_READ = 1 << 20;

    /** A whole file: zip, legacy, tar or bare pickle. */
    @FuzzTest(maxDuration = "10m")
    void readsOrRefuses(byte[] data) {
        check(FILE.with(data));
    }

    /** A pickle in an archive that is otherwise sound, with storage {@code 0} of four floats. */
    @FuzzTest(maxDuration = "10m")
    void readsOrRefusesAPickle(byte[] data) {
        check(FILE.with(TestZip.checkpoint(data)));
    }

    private static void check(Path path) {
        try {
            assertThat(PickleAudit.of(path).lookups()).isNotNull();
        } catch (TkException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
        try (Checkpoint checkpoint = new TorchReader().open(path)) {
            boolean plain = true;
            for (Tensor tensor : checkpoint.tensors().values()) {
                plain &= !(tensor instanceof RefusedTensor);
                if (tensor.info().byteSize() > LARGEST_READ) continue;
                if (!(tensor instanceof RefusedTensor)) Samples.bytes(tensor);
            }
            if (plain) {
                assertThat(TorchWriter.plan(checkpoint, path).bytes()).isPositive();
            }
        } catch (TkException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }
}
