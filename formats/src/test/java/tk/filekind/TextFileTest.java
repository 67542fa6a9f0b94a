package tk.filekind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.IoException;
import tk.error.MalformedException;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class TextFileTest {
    private static final String TEXT = "İyi günler\r\nığüşöç 😀\n";

    @TempDir Path folder;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("metin.txt"), bytes);
    }

    @Test
    void readsWhatEditorsSave() throws IOException {
        String marked = "\ufeff" + TEXT;
        assertThat(TextFile.read(file(TEXT.getBytes(StandardCharsets.UTF_8)))).isEqualTo(TEXT);
        for (Charset charset :
                new Charset[] {
                    StandardCharsets.UTF_8, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE
                }) {
            assertThat(TextFile.read(file(marked.getBytes(charset)))).isEqualTo(TEXT);
        }
        assertThat(TextFile.read(file(new byte[0]))).isEmpty();
    }

    @Test
    void namesTheLineThatIsNoUtf8AndWhatToDo() throws IOException {
        Path file = file("ilk satır\nığüş".getBytes(Charset.forName("windows-1254")));
        assertThatThrownBy(() -> TextFile.read(file))
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e -> assertThat(e.hint()).contains("Save it as UTF-8"))
                .hasMessageContaining("line 1 is not UTF-8: byte 0xfd at offset 7");
        Path odd = file(new byte[] {(byte) 0xff, (byte) 0xfe, 'a', 0, 'b'});
        assertThatThrownBy(() -> TextFile.read(odd)).hasMessageContaining("UTF-16LE");
    }

    @Test
    void saysWhichFileThereIsNot() {
        assertThatThrownBy(() -> TextFile.read(folder.resolve("yok.txt")))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("yok.txt: no such file");
        assertThatThrownBy(() -> TextFile.read(folder)).isInstanceOf(IoException.class);
    }
}
