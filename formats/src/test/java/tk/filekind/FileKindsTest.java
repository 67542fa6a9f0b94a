package tk.filekind;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.filekind.FileKind.Broken;
import tk.filekind.FileKind.Foreign;
import tk.filekind.FileKind.LfsPointer;
import tk.filekind.FileKind.ShardIndex;
import tk.filekind.FileKind.Weights;
import tk.testing.Originals;
import tk.testing.Shared;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

class FileKindsTest {
    @TempDir private Path folder;

    private FileKind kind(byte[] bytes) throws IOException {
        // The name promises something else: only the bytes may count.
        return FileKinds.of(Files.write(folder.resolve("model.pt"), bytes));
    }

    private FileKind kind(String latin1) throws IOException {
        return kind(latin1.getBytes(ISO_8859_1));
    }

    private TkException refusal(FileKind kind) {
        return FileKinds.refusal(Path.of("model.pt"), kind);
    }

    private static byte[] zip(String... names) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (String name : names) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(new byte[50]);
            }
        }
        return bytes.toByteArray();
    }

    @Test
    void knowsTheFormatsItReads() throws IOException {
        assertThat(kind("GGUF\3\0\0\0")).isEqualTo(Weights.GGUF);
        assertThat(kind("\10\0\0\0\0\0\0\0{}      ")).isEqualTo(Weights.SAFETENSORS);
        assertThat(kind(zip("model/data.pkl", "model/data/0"))).isEqualTo(Weights.TORCH_ZIP);
        assertThat(kind("\u0080\2\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019."))
                .isEqualTo(Weights.TORCH_LEGACY);
        byte[] tar = new byte[1024];
        System.arraycopy("ustar".getBytes(UTF_8), 0, tar, 257, 5);
        tar[0] = 's';
        assertThat(kind(tar)).isEqualTo(Weights.TORCH_TAR);
        assertThat(kind("{\"metadata\": {}, \"weight_map\": {}}")).isEqualTo(new ShardIndex());
    }

    @Test
    void knowsAnOldTarByItsChecksum() throws IOException {
        byte[] tar = new byte[1024];
        System.arraycopy("sys_info".getBytes(UTF_8), 0, tar, 0, 8);
        int sum = 8 * ' ';
        for (byte b : tar) sum += b;
        System.arraycopy("%06o\0 ".formatted(sum).getBytes(UTF_8), 0, tar, 148, 8);
        assertThat(kind(tar)).isEqualTo(Weights.TORCH_TAR);
        tar[3]++;
        assertThat(kind(tar)).isNotEqualTo(Weights.TORCH_TAR);
    }

    @Test
    void saysWhichSizeAGitLfsPointerStandsFor() throws IOException {
        FileKind kind =
                kind(
                        """
                        version https://git-lfs.github.com/spec/v1
                        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
                        size 13476951936
                        """);
        assertThat(kind).isEqualTo(new LfsPointer(13476951936L));
        assertThat(refusal(kind))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("Git-LFS pointer")
                .hasMessageContaining("13,476,951,936");
        assertThat(refusal(kind).hint()).contains("git lfs pull");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<!DOCTYPE html><html lang=\"tr\">",
                "\n  <HTML><head><TITLE>404</TITLE>",
                "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC>",
            })
    void knowsAnErrorPageSavedAsAModel(String page) throws IOException {
        assertThat(refusal(kind(page)))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("HTML page");
    }

    static Stream<Arguments> foreign() {
        return Stream.of(
                Arguments.of("lmgg", "GGML file of the first version"),
                Arguments.of("fmgg\1\0\0\0", "GGMF"),
                Arguments.of("tjgg\3\0\0\0", "GGJT"),
                Arguments.of("algg\1\0\0\0", "GGML LoRA"),
                Arguments.of("\u0089HDF\r\n\u001a\n", "HDF5"),
                Arguments.of("\u0093NUMPY\1", "NumPy"),
                Arguments.of("\u001f\u008b\u0008", "gzip"),
                Arguments.of("\10\7\22\7pytorch\32\0051.13.0", "ONNX"),
                Arguments.of("\n\16\n\5<unk>\u0015\0\0\0\0\30\2\n\14", "SentencePiece tokenizer"));
    }

    @ParameterizedTest
    @MethodSource("foreign")
    void namesFormatsItDoesNotRead(String bytes, String name) throws IOException {
        FileKind kind = kind(bytes);
        assertThat(kind).isInstanceOf(Foreign.class);
        assertThat(refusal(kind))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining(name);
        assertThat(refusal(kind).hint()).isNotBlank();
    }

    @Test
    void namesATorchScriptArchive() throws IOException {
        FileKind kind =
                kind(zip("m/data.pkl", "m/code/__torch__.py", "m/constants.pkl", "m/version"));
        assertThat(refusal(kind))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("TorchScript");
        assertThat(refusal(kind).hint()).contains("state_dict");
    }

    @Test
    void namesAZipOfSomethingElseByWhatIsInIt() throws IOException {
        assertThat(refusal(kind(zip("word/document.xml", "a", "b", "c"))))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("word/document.xml, a, b and 1 more");
        assertThat(refusal(kind(zip("w.npy", "b.npy"))).hint()).contains("NumPy");
        assertThat(kind(zip())).isInstanceOf(Broken.class);
    }

    @Test
    void leavesATruncatedTorchFileToItsReaderAndNamesAnotherTruncatedZip() throws IOException {
        byte[] torch = zip("model/data.pkl", "model/data/0");
        assertThat(kind(Arrays.copyOf(torch, torch.length - 30))).isEqualTo(Weights.TORCH_ZIP);
        byte[] other = zip("notes.txt");
        assertThat(refusal(kind(Arrays.copyOf(other, other.length - 30))))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("truncated zip");
    }

    @Test
    void namesWhatIsNoModelAtAll() throws IOException {
        assertThat(refusal(kind(""))).hasMessageContaining("an empty file");
        assertThat(refusal(kind(new byte[8192]))).hasMessageContaining("zero bytes");
        assertThat(refusal(kind("Repository not found: bu model yok")))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("a text file")
                .hasMessageContaining("Repository not found");
        assertThat(refusal(kind("{\"hidden_size\": 64}"))).hasMessageContaining("a JSON file");
        assertThat(refusal(kind("\1\2\3\4\5\6\7\10\11"))).hasMessageContaining("01 02 03 04");
    }

    @Test
    void takesALongTextCutWithinACharacterForAText() throws IOException {
        assertThat(refusal(kind(("a" + "ş".repeat(5000)).getBytes(UTF_8))))
                .hasMessageContaining("a text file");
    }

    @Test
    void survivesHostileZipDirectories() throws IOException {
        byte[] zip = zip("a");
        int end = zip.length - 22;
        for (int at = end; at < zip.length; at++) {
            byte[] copy = zip.clone();
            copy[at] = (byte) 0xff;
            assertThat(kind(copy)).isNotNull();
            copy[at] = 0;
            assertThat(kind(copy)).isNotNull();
        }
    }

    @Test
    void knowsEveryFixture() {
        assertThat(FileKinds.of(Shared.path("fixtures/minitr/turkish_llm_mini.pt")))
                .isEqualTo(Weights.TORCH_ZIP);
        Path containers = Shared.path("fixtures/containers");
        assertThat(FileKinds.of(containers.resolve("state_dict_legacy.pt")))
                .isEqualTo(Weights.TORCH_LEGACY);
        assertThat(FileKinds.of(containers.resolve("old_tar_layout.pt")))
                .isEqualTo(Weights.TORCH_TAR);
        assertThat(FileKinds.of(containers.resolve("state_dict_plaindict_proto4.pt")))
                .isEqualTo(Weights.TORCH_ZIP);
        assertThat(FileKinds.of(containers.resolve("reject/truncated_zip.pt")))
                .isEqualTo(Weights.TORCH_ZIP);
        assertThat(FileKinds.of(Shared.path("fixtures/minitr/tokenizer.model")))
                .isInstanceOf(Foreign.class);
        assertThat(FileKinds.of(Shared.path("third-party/gguf/stories260K.gguf")))
                .isEqualTo(Weights.GGUF);
    }

    @Test
    @Tag("interop")
    void namesWhatTorchItselfWritesBesidesStateDicts() throws Exception {
        Path script = folder.resolve("write.py");
        Files.writeString(
                script,
                """
                import sys, torch, numpy, pickle
                at = sys.argv[1] + "/"
                layer = torch.nn.Linear(3, 2)
                torch.jit.script(layer).save(at + "script.pt")
                torch.jit.save(torch.jit.trace(layer, torch.zeros(1, 3)), at + "traced.pt")
                torch.export.save(torch.export.export(layer, (torch.zeros(1, 3),)), at + "exported.pt2")
                numpy.savez(at + "arrays.npz", a=numpy.zeros(3))
                numpy.save(at + "array.npy", numpy.zeros(3))
                torch.save(layer.state_dict(), at + "zip.pt")
                torch.save(layer.state_dict(), at + "legacy.pt", _use_new_zipfile_serialization=False)
                """);
        Originals.run(Originals.python(), script, folder);
        assertThat(refusal(FileKinds.of(folder.resolve("script.pt"))))
                .hasMessageContaining("TorchScript");
        assertThat(refusal(FileKinds.of(folder.resolve("traced.pt"))))
                .hasMessageContaining("TorchScript");
        assertThat(FileKinds.of(folder.resolve("exported.pt2"))).isInstanceOf(Foreign.class);
        assertThat(FileKinds.of(folder.resolve("arrays.npz"))).isInstanceOf(Foreign.class);
        assertThat(refusal(FileKinds.of(folder.resolve("array.npy"))))
                .hasMessageContaining("NumPy");
        assertThat(FileKinds.of(folder.resolve("zip.pt"))).isEqualTo(Weights.TORCH_ZIP);
        assertThat(FileKinds.of(folder.resolve("legacy.pt"))).isEqualTo(Weights.TORCH_LEGACY);
    }
}
