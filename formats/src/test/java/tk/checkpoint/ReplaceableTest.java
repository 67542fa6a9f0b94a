package tk.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.IoException;
import tk.error.UsageException;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** What --force may not take with it. */
class ReplaceableTest {
    @TempDir Path folder;

    @Test
    void aFileAnEmptyFolderAndAModelsFolderAreReplaced() throws IOException {
        Path file = Files.writeString(folder.resolve("old.gguf"), "old");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.writeString(model.resolve("notes.txt"), "mine");
        Files.writeString(model.resolve("Modelfile"), "FROM x");
        for (Path target : new Path[] {file, empty, model}) {
            try (StagedOutput output = StagedOutput.open(target, 3, true)) {
                Files.writeString(output.stage(), "new");
                output.commit();
            }
            assertThat(target).hasContent("new");
        }
    }

    @Test
    void aFolderWithoutAModelIsNot() throws IOException {
        Path home = Files.createDirectory(folder.resolve("home"));
        Path thesis = Files.writeString(home.resolve("tez.docx"), "years of work");
        assertThatThrownBy(() -> StagedOutput.open(home, 3, true))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("holds tez.docx and no model");
        assertThat(thesis).exists();
    }

    @Test
    void theFolderOfTheProgramIsNot() {
        Path here = Path.of("").toAbsolutePath();
        for (Path target : new Path[] {Path.of("."), here, here.getParent(), here.getRoot()}) {
            assertThatThrownBy(() -> StagedOutput.check(target, true))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("the folder that tk runs in");
        }
    }

    /** As root it would work, and leave everybody with a file for {@code /dev/null}. */
    @Test
    void whatIsNoFileIsNot() throws IOException {
        Path socket = folder.resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertThatThrownBy(() -> StagedOutput.open(socket, 3, true))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining("is a device, a pipe or a socket");
        }
    }

    @Test
    void noOutputLiesInAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("model.pt"), "weights");
        assertThatThrownBy(() -> StagedOutput.open(file.resolve("out"), 3, false))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("is a file");
        assertThat(file).hasContent("weights");
    }
}
