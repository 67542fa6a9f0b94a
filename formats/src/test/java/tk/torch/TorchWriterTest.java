package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Sha256;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.testing.Originals;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

class TorchWriterTest {
    @TempDir Path folder;

    private static final Set<DType> WITHOUT_TORCH_TYPE =
            EnumSet.of(DType.F4, DType.F6_E2M3, DType.F6_E3M2);

    private static Checkpoint everyType() {
        List<Tensor> tensors = new ArrayList<>();
        for (DType dtype : DType.values()) {
            if (dtype.isBlock() || WITHOUT_TORCH_TYPE.contains(dtype)) continue;
            tensors.add(Samples.random("t." + dtype, dtype, 3, 5));
        }
        tensors.add(Samples.random("scalar", DType.F32));
        tensors.add(Samples.random("empty", DType.F16, 0, 4));
        tensors.add(Samples.random("ağırlık/with space", DType.F32, 70_000));
        return Samples.checkpoint(tensors.toArray(new Tensor[0]));
    }

    @Test
    void whatIsWrittenIsReadBack() {
        Checkpoint original = everyType();
        Path file = Samples.write(original, folder.resolve("all.pt"));
        try (Checkpoint read = new TorchReader().open(file)) {
            assertThat(read.tensors().keySet())
                    .containsExactlyElementsOf(original.tensors().keySet());
            assertThat(Manifest.of(read)).isEqualTo(Manifest.of(original));
        }
    }

    @Test
    void theArchiveIsSoundForOtherZipReaders() throws IOException {
        Path file = Samples.write(everyType(), folder.resolve("all.pt"));
        int entries = 0;
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
            for (; zip.getNextEntry() != null; entries++) zip.readAllBytes(); // checks the CRC
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            assertThat(zip.size()).isEqualTo(entries);
        }
    }

    @Test
    void tensorsThatShareTheirBytesAreWrittenOnce() throws IOException {
        Path source = Shared.path("fixtures/containers/state_dict.pt");
        try (Checkpoint tied = new TorchReader().open(source)) {
            Path file = Samples.write(tied, folder.resolve("tied.pt"));
            assertThat(Files.size(file)).isLessThan(Files.size(source));
            try (Checkpoint again = new TorchReader().open(file)) {
                assertThat(Manifest.of(again)).isEqualTo(Manifest.of(tied));
                assertThat(stored(again, "lm_head.weight"))
                        .isEqualTo(stored(again, "model.embed_tokens.weight"));
            }
        }
    }

    private static Object stored(Checkpoint checkpoint, String name) {
        return checkpoint.tensors().get(name).stored().orElseThrow();
    }

    @Test
    void refusesTypesThatTorchDoesNotHave() {
        Checkpoint quantized = Samples.checkpoint(Samples.random("q", DType.Q4_K, 2, 256));
        assertThatThrownBy(() -> TorchWriter.plan(quantized, folder.resolve("q.pt")))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("`q`")
                .hasMessageContaining("Q4_K");
    }

    @Test
    @Tag("interop")
    void torchReadsItSafely() throws IOException, InterruptedException {
        Checkpoint original = everyType();
        Path file = Samples.write(original, folder.resolve("all.pt"));
        Path script =
                Files.writeString(
                        folder.resolve("load.py"),
                        """
                        import sys, hashlib, torch
                        for k, v in torch.load(sys.argv[1], weights_only=True).items():
                            raw = bytes(v.contiguous().untyped_storage())
                            print("=", k, list(v.shape), hashlib.sha256(raw).hexdigest())
                        """);
        String output = Originals.run(Originals.python(), script, file);
        List<String> lines = new ArrayList<>();
        for (Tensor tensor : original.tensors().values()) {
            lines.add(
                    "= %s %s %s"
                            .formatted(
                                    tensor.info().name(),
                                    tensor.info().shape(),
                                    Sha256.of(tensor)));
        }
        String utf8 =
                new String(
                        output.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(utf8.lines().filter(line -> line.startsWith("= ")))
                .containsExactlyElementsOf(lines);
    }
}
