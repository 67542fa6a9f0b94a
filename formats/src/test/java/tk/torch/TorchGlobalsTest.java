package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.checkpoint.Checkpoint;
import tk.error.UnsafeException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What a checkpoint may name beside its tensors. */
class TorchGlobalsTest {
    @TempDir Path folder;

    private Checkpoint open(Pickle pickle) throws IOException {
        byte[] archive = TestZip.checkpoint(pickle.stop());
        return new TorchReader().open(Files.write(folder.resolve("x.pt"), archive));
    }

    @Test
    void whatTrainingLoopsKeepBesideTheWeightsIsData() throws IOException {
        Pickle pickle = Pickle.protocol(2).op(Opcode.EMPTY_DICT).weight("a.b");
        for (String[] kept :
                new String[][] {
                    {"__builtin__", "xrange", "x"},
                    {"__builtin__", "bytes"},
                    {"builtins", "range", "x"},
                    {"argparse", "Namespace"},
                    {"types", "SimpleNamespace"},
                    {"collections", "Counter"},
                    {"datetime", "datetime", "x"},
                    {"pathlib", "PosixPath", "x"},
                }) {
            String[] arguments = Arrays.copyOfRange(kept, 2, kept.length);
            pickle.text(kept[0] + kept[1]).call(kept[0], kept[1], arguments).op(Opcode.SETITEM);
        }
        pickle.text("format").global("torch._utils", "torch.channels_last").op(Opcode.SETITEM);
        // What `defaultdict(int)` and `str` are called in a pickle of protocol 2.
        pickle.text("factory").global("__builtin__", "long").op(Opcode.SETITEM);
        pickle.text("type").global("__builtin__", "unicode").op(Opcode.SETITEM);
        try (Checkpoint checkpoint = open(pickle)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a.b");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "torch.nn.modules.linear, Linear, a whole pickled module",
        "torch.storage, _load_from_bytes, written by pickle.dump",
        "torch.distributed._shard.sharded_tensor.api, ShardedTensor, part of a distributed checkpoint",
    })
    void aRefusalSaysWhatTheFileIs(String module, String name, String what) {
        Pickle pickle =
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_DICT)
                        .text("model")
                        .call(module, name, "x")
                        .op(Opcode.SETITEM);
        assertThatThrownBy(() -> open(pickle))
                .isInstanceOfSatisfying(
                        UnsafeException.class, e -> assertThat(e.hint()).contains("torch.save"))
                .hasMessageContaining(what);
    }

    @Test
    void aMemoryFormatIsNamedByTorchAlone() {
        Pickle pickle =
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_DICT)
                        .weight("a.b")
                        .text("format")
                        .global("os", "torch.channels_last")
                        .op(Opcode.SETITEM);
        assertThatThrownBy(() -> open(pickle)).isInstanceOf(UnsafeException.class);
    }
}
