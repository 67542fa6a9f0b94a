package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.WritePlan;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Tensor;
import tk.testing.Originals;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

@Tag("interop")
class GgufInteropTest {
    @TempDir Path folder;

    private Path converted(Object... options) throws Exception {
        Path model = Shared.path("fixtures/containers/hf_float32").toAbsolutePath().normalize();
        Path file = folder.resolve("original.gguf");
        Object[] arguments = new Object[options.length + 3];
        arguments[0] = model;
        arguments[1] = "--outfile";
        arguments[2] = file;
        System.arraycopy(options, 0, arguments, 3, options.length);
        Originals.run(Originals.converter(), arguments);
        return file;
    }

    private Path write(GgufFile model, String name, long splitMaxSize) {
        WritePlan plan = GgufWriter.plan(model.gguf(), model, folder.resolve(name), splitMaxSize);
        return new PlanWriter(2, Progress.NONE).write(plan, false).path();
    }

    @Test
    void aRewrittenCopyOfTheConvertersFileIsTheSameFile() throws Exception {
        Path file = converted("--outtype", "f16");
        try (GgufFile read = new GgufReader().open(file)) {
            Path copy = write(read, "copy.gguf", Long.MAX_VALUE);
            assertThat(Files.mismatch(file, copy)).isEqualTo(-1);
        }
    }

    @Test
    void splitsAsTheConverterDoesAndJoinsWhatItSplit() throws Exception {
        converted("--outtype", "f32", "--split-max-size", "100K");
        try (GgufFile read = new GgufReader().open(first(folder, "original"))) {
            Path ours = write(read, "ours.gguf", 100_000);
            int parts = read.files().size();
            assertThat(parts).isGreaterThan(2);
            for (int no = 0; no < parts; no++) {
                Path theirs = read.files().get(no);
                Path our = folder.resolve(Split.name("ours", no, parts));
                assertThat(Files.mismatch(theirs, our)).as(our.toString()).isEqualTo(-1);
            }
            Path merged = folder.resolve("merged.gguf");
            Originals.run(Originals.program("llama-gguf-split"), "--merge", ours, merged);
            try (GgufFile joined = new GgufReader().open(merged)) {
                assertEqualTensors(joined, read);
            }
        }
    }

    @Test
    void joinsWhatLlamaGgufSplitSplit() throws Exception {
        Path whole = converted("--outtype", "f32");
        Originals.run(
                Originals.program("llama-gguf-split"),
                "--split",
                "--split-max-tensors",
                "5",
                "--no-tensor-first-split",
                whole,
                folder.resolve("theirs"));
        try (GgufFile parts = new GgufReader().open(first(folder, "theirs"));
                GgufFile read = new GgufReader().open(whole)) {
            assertThat(parts.gguf().values()).isEqualTo(read.gguf().values());
            assertEqualTensors(parts, read);
        }
    }

    /**
     * The types gguf-py can swap. (The converter's own --bigendian leaves the scales of Q8_0 blocks
     * little-endian.)
     */
    @Test
    void readsWhatGgufPySwapped() throws Exception {
        Tensor[] tensors =
                Stream.of("F32 F16 BF16 Q1_0 Q4_0 Q8_0 Q4_K Q6_K TQ2_0 MXFP4 NVFP4".split(" "))
                        .map(DType::valueOf)
                        .map(t -> Pattern.of(t.name(), t, 3, 2L * t.blockSize()))
                        .toArray(Tensor[]::new);
        Path file = folder.resolve("swapped.gguf");
        GgufMetadata metadata = GgufRoundTripTest.everyKindOfValue();
        new PlanWriter(2, Progress.NONE)
                .write(GgufWriter.plan(metadata, Pattern.checkpoint(tensors), file), false);
        Path original = Files.copy(file, folder.resolve("original.gguf"));
        Originals.run(
                Originals.python(),
                "-c",
                """
                import builtins, sys
                builtins.input = lambda *a: "YES"
                from gguf.scripts import gguf_convert_endian as swap
                sys.argv = ["swap", sys.argv[1], "big"]
                swap.main()
                """,
                file);
        try (GgufFile swapped = new GgufReader().open(file)) {
            assertThat(swapped.byteOrder()).isEqualTo(ByteOrder.BIG_ENDIAN);
            Path copy = write(swapped, "copy.gguf", Long.MAX_VALUE);
            assertThat(Files.mismatch(original, copy)).isEqualTo(-1);
        }
    }

    @Test
    void ggmlReadsEveryKindOfValueAndTensor() throws Exception {
        Path file = folder.resolve("all.gguf");
        GgufMetadata metadata = GgufRoundTripTest.everyKindOfValue();
        Tensor[] tensors =
                Stream.of(GgufRoundTripTest.oneTensorOfEveryType())
                        .filter(t -> !t.info().dtype().name().matches(".*_[48]_[48]"))
                        .toArray(Tensor[]::new);
        new PlanWriter(2, Progress.NONE)
                .write(GgufWriter.plan(metadata, Pattern.checkpoint(tensors), file), false);
        String listing = Originals.run(Originals.program("gguf-dump"), file);
        for (Tensor tensor : tensors) assertThat(listing).contains(tensor.info().name());
        // llama-gguf checks that the values count upwards, which they don't: reading is enough.
        assertThat(Originals.run(Originals.program("llama-gguf"), file, "r", "n"))
                .contains("tensor[%s]".formatted(tensors.length - 1));
    }

    private static Path first(Path folder, String prefix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith(prefix + "-00001-of-"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void assertEqualTensors(GgufFile left, GgufFile right) {
        assertThat(left.tensors().sequencedKeySet())
                .containsExactlyElementsOf(right.tensors().sequencedKeySet());
        for (String name : right.tensors().sequencedKeySet()) {
            assertThat(Pattern.bytes(Pattern.tensor(left, name)))
                    .as(name)
                    .isEqualTo(Pattern.bytes(Pattern.tensor(right, name)));
        }
    }
}
