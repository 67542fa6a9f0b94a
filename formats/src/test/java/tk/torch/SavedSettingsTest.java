package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.error.UnsafeException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The model's settings, as training loops save them with the weights. */
class SavedSettingsTest {
    @TempDir Path folder;

    private Checkpoint open(Pickle pickle) throws IOException {
        byte[] archive = TestZip.checkpoint(pickle.stop());
        return new TorchReader().open(Files.write(folder.resolve("x.pt"), archive));
    }

    private static Pickle weights() {
        return Pickle.dict().text("model").op(Opcode.EMPTY_DICT).weight("a.b").op(Opcode.SETITEM);
    }

    /** An open dict of settings on the stack. */
    private static Pickle heads(Pickle pickle, int heads) {
        return pickle.op(Opcode.EMPTY_DICT)
                .text("n_heads")
                .integer(heads)
                .op(Opcode.SETITEM)
                .text("device")
                .text("cuda")
                .op(Opcode.SETITEM);
    }

    @Test
    void aDictThatSaysTheHeadsIsOfSettings() throws IOException {
        Pickle pickle = weights().text("step").integer(7).op(Opcode.SETITEM);
        heads(pickle.text("model_args"), 4).op(Opcode.SETITEM);
        try (Checkpoint checkpoint = open(pickle)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a.b");
            assertThat(checkpoint.metadata())
                    .containsEntry("torch.config", "{\"n_heads\":4,\"device\":\"cuda\"}");
        }
    }

    @Test
    void whatTwoDictsContradictEachOtherInIsLeftOut() throws IOException {
        Pickle pickle = weights();
        heads(pickle.text("model_args"), 4).op(Opcode.SETITEM);
        heads(pickle.text("config"), 8).op(Opcode.SETITEM);
        try (Checkpoint checkpoint = open(pickle)) {
            assertThat(checkpoint.metadata())
                    .containsEntry("torch.config", "{\"device\":\"cuda\"}");
        }
    }

    @Test
    void aCheckpointWithoutSettingsHasNone() throws IOException {
        try (Checkpoint checkpoint = open(weights())) {
            assertThat(checkpoint.metadata()).doesNotContainKey("torch.config");
        }
    }

    @Test
    void anObjectOfSettingsIsItsAttributes() throws IOException {
        Pickle pickle =
                weights()
                        .text("config")
                        .global("__main__", "ModelArgs")
                        .op(Opcode.EMPTY_TUPLE)
                        .op(Opcode.NEWOBJ);
        heads(pickle, 6).op(Opcode.BUILD).op(Opcode.SETITEM);
        try (Checkpoint checkpoint = open(pickle)) {
            assertThat(checkpoint.metadata().get("torch.config")).contains("\"n_heads\":6");
        }
    }

    @Test
    void whatIsCalledLikeSettingsIsNotGivenArguments() {
        Pickle pickle = weights().text("config").call("os", "Args", "x").op(Opcode.SETITEM);
        assertThatThrownBy(() -> open(pickle))
                .isInstanceOf(UnsafeException.class)
                .hasMessageContaining("calls `os.Args`");
    }

    @Test
    void otherClassesAreRefusedStill() {
        Pickle pickle =
                weights()
                        .text("config")
                        .global("__main__", "Trainer")
                        .op(Opcode.EMPTY_TUPLE)
                        .op(Opcode.NEWOBJ)
                        .op(Opcode.SETITEM);
        assertThatThrownBy(() -> open(pickle))
                .isInstanceOf(UnsafeException.class)
                .hasMessageContaining("__main__.Trainer");
    }
}
