package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.checkpoint.Checkpoint;
import tk.tensor.RefusedTensor;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;
import tk.testing.Refusal;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * Any bytes are read or refused, whatever form of checkpoint they pretend to be; what is read can
 * be planned as a {@code .pt} again, and everything can be audited.
 */
class TorchFuzzTest {
    private static final Path PATH = Path.of("model.pt");
    private static final long LARGEST_READ = 1 << 20;

    /** A whole file: zip, legacy, tar or bare pickle. */
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        SourceFile file = SourceFile.inMemory(PATH, data);
        Refusal.orDone(() -> assertThat(PickleAudit.of(file).lookups()).isNotNull());
        Refusal.ofTorchOrDone(() -> read(file, TorchContainer::open));
    }

    /**
     * A pickle in an archive that is otherwise sound, with storage {@code 0} of four floats. Its
     * directory is given, not read: to read the same one each time would take longer than what is
     * tested here.
     */
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesAPickle(byte[] data) {
        SourceFile file = SourceFile.inMemory(PATH, Arrays.copyOf(data, data.length + 16));
        ZipEntry pickle = stored("archive/data.pkl", data.length, 0);
        SequencedMap<String, ZipEntry> directory = new LinkedHashMap<>();
        for (ZipEntry entry : List.of(pickle, stored("archive/data/0", 16, data.length))) {
            directory.put(entry.name(), entry);
        }
        var audit = PickleAudit.of(List.of(TorchZip.pickle(file, pickle)));
        assertThat(audit.lookups()).isNotNull();
        Refusal.ofTorchOrDone(() -> read(file, source -> new TorchZip(source, directory)));
    }

    private static ZipEntry stored(String name, long size, long offset) {
        return new ZipEntry(name, ZipDirectory.STORED, size, size, offset, offset);
    }

    private static void read(SourceFile file, Function<SourceFile, TorchContainer> form) {
        try (Checkpoint checkpoint = new TorchReader().open(file, form)) {
            boolean plain = true;
            for (Tensor tensor : checkpoint.tensors().values()) {
                plain &= !(tensor instanceof RefusedTensor);
                if (tensor.info().byteSize() > LARGEST_READ) continue;
                if (!(tensor instanceof RefusedTensor)) Samples.bytes(tensor);
            }
            if (plain) {
                assertThat(TorchWriter.plan(checkpoint, PATH).bytes()).isPositive();
            }
        }
    }
}
