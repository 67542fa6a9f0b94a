package tk.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.TkException;
import tk.gguf.GgufReader;
import tk.safetensors.SafetensorsReader;
import tk.testing.ForkedJava;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Headers made to take all memory there is are refused by a JVM that has 128 MB of it. */
class HostileHeadersTest {
    /** Of a safetensors header, by its specification. */
    private static final int LIMIT = 100_000_000;

    private static final int LARGE = 5_000_000;

    @TempDir Path folder;

    /** Opens each file and prints how that ended, and how soon. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] files) {
            for (String file : files) {
                Path path = Path.of(file);
                CheckpointReader reader =
                        file.endsWith(".gguf") ? new GgufReader() : new SafetensorsReader();
                long start = System.nanoTime();
                String end;
                try (Checkpoint opened = reader.open(path)) {
                    end = opened.tensors().size() + " tensors";
                } catch (TkException e) {
                    end = e.kind();
                } catch (OutOfMemoryError e) {
                    end = "out of memory";
                }
                System.out.println(
                        path.getFileName()
                                + ": "
                                + end
                                + " "
                                + (System.nanoTime() - start) / 1_000_000
                                + " ms");
            }
        }
    }

    /** A file that begins with these bytes and is zeros, or holes, from there on. */
    private Path sparse(String name, long size, ByteBuffer start) throws IOException {
        Path file = folder.resolve(name);
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
            f.write(start.array(), 0, start.position());
            f.setLength(size);
        }
        return file;
    }

    private static ByteBuffer little(int capacity) {
        return ByteBuffer.wrap(new byte[capacity]).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** One array of {@code count} zeros, or empty strings, as all there is. */
    private Path ggufArray(String name, int element, long count, int bytes) throws IOException {
        ByteBuffer start = little(64).put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3);
        start.putLong(0).putLong(1).putLong(1).put((byte) 'k');
        start.putInt(9).putInt(element).putLong(count);
        return sparse(name, start.position() + count * bytes, start);
    }

    private Path safetensors(String name, int length, String start, char filler, String end)
            throws IOException {
        ByteBuffer header = little(8 + length);
        header.putLong(length).put(start.getBytes(StandardCharsets.US_ASCII));
        while (header.remaining() > end.length()) header.put((byte) filler);
        header.put(end.getBytes(StandardCharsets.US_ASCII));
        return sparse(name, 8L + length, header);
    }

    @Test
    void areRefusedInSmallMemory() throws IOException, InterruptedException {
        ByteBuffer manyTensors = little(64).put("GGUF".getBytes(StandardCharsets.US_ASCII));
        manyTensors.putInt(3).putLong(1L << 34).putLong(0);
        ByteBuffer longText = little(64).put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3);
        longText.putLong(0).putLong(1).putLong(1).put((byte) 'k').putInt(8).putLong(1L << 31);
        Process process =
                ForkedJava.start(
                        Opener.class,
                        List.of("-Xmx128m"),
                        ggufArray("bytes.gguf", 0, 1L << 31, 1),
                        ggufArray("floats.gguf", 6, 1L << 31, 4),
                        ggufArray("texts.gguf", 8, 1L << 31, 8),
                        ggufArray("texts-within-budget.gguf", 8, 6_000_000, 8),
                        ggufArray("bytes-within-budget.gguf", 0, 4_000_000, 1),
                        sparse("tensors.gguf", 1L << 40, manyTensors),
                        sparse("text.gguf", 1L << 33, longText),
                        safetensors("spaces.safetensors", LARGE, "{", ' ', "}"),
                        safetensors(
                                "text.safetensors",
                                LIMIT,
                                "{\"__metadata__\":{\"k\":\"",
                                'a',
                                "\"}}"),
                        safetensors("name.safetensors", LARGE, "{\"", 'a', "\":1}"),
                        safetensors(
                                "shape.safetensors",
                                LARGE,
                                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1",
                                '1',
                                "]}}"),
                        safetensors("depth.safetensors", LARGE, "{\"a\":", '[', "}"));
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.lines().map(line -> line.replaceFirst(" \\d+ ms$", "")))
                .containsExactly(
                        "bytes.gguf: unsupported",
                        "floats.gguf: unsupported",
                        "texts.gguf: unsupported",
                        "texts-within-budget.gguf: 0 tensors",
                        "bytes-within-budget.gguf: 0 tensors",
                        "tensors.gguf: unsupported",
                        "text.gguf: unsupported",
                        "spaces.safetensors: 0 tensors",
                        "text.safetensors: malformed",
                        "name.safetensors: malformed",
                        "shape.safetensors: malformed",
                        "depth.safetensors: malformed");
    }
}
