package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.Checkpoint;
import tk.tensor.RefusedTensor;
import tk.tensor.Tensor;
import tk.testing.FuzzFile;

import java.nio.file.Path;

/**
 * Any bytes are read or refused, whatever form of checkpoint they pretend to be; what is read can
 * be planned as a {@code .pt} again, and everything can be audited.
 */
class TorchFuzzTest {
    private static final FuzzFile FILE = new FuzzFile("model.pt");
    private static final long LARGEST_READ = 1 << 20;

    /** A whole file: zip, legacy, tar or bare pickle. */
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        FILE.readOrRefuse(data, TorchFuzzTest::audit);
        FILE.readOrRefuse(data, TorchFuzzTest::read);
    }

    /** A pickle in an archive that is otherwise sound, with storage {@code 0} of four floats. */
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesAPickle(byte[] data) {
        byte[] archive = TestZip.checkpoint(data);
        FILE.readOrRefuse(archive, TorchFuzzTest::audit);
        FILE.readOrRefuse(archive, TorchFuzzTest::read);
    }

    private static void audit(Path path) {
        assertThat(PickleAudit.of(path).lookups()).isNotNull();
    }

    private static void read(Path path) {
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
        }
    }
}
