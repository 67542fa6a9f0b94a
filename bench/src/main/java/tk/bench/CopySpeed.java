package tk.bench;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.checkpoint.WritePlan;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufWriter;
import tk.safetensors.SafetensorsReader;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A conversion that keeps the dtype against {@code cp}: {@code CopySpeed FOLDER [MEGABYTES [TENSORS
 * [ROUNDS]]]}. All ways take turns, so that a busy machine hurts them alike; each is given by its
 * median, its fastest, the ratio of the medians to {@code cp}'s, and the processor time of all
 * rounds. tk flushes to disk before it renames, which cp does not: so each is measured without and
 * with.
 */
final class CopySpeed {
    private CopySpeed() {}

    private interface Way {
        void run() throws IOException, InterruptedException;
    }

    private record Row(String name, Way way, double[] seconds, double[] processor) {}

    /** Values that no file system can compress, cheaply made. */
    private record Noise(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long state = first * 0x9e3779b97f4a7c15L + info.name().hashCode();
            for (long at = 0; at < count * info.rowBytes(); at += Long.BYTES) {
                state = state * 6364136223846793005L + 1442695040888963407L;
                into.set(ValueLayout.JAVA_LONG_UNALIGNED, at, state ^ state >>> 29);
            }
        }
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(Path.of(args[0]), "tk-copy");
        long megabytes = args.length > 1 ? Long.parseLong(args[1]) : 536;
        int tensors = args.length > 2 ? Integer.parseInt(args[2]) : 111;
        int rounds = args.length > 3 ? Integer.parseInt(args[3]) : 7;
        Path source = folder.resolve("source.safetensors");
        Path target = folder.resolve("target");
        make(source, megabytes, tensors);
        long start = System.nanoTime();
        try (Checkpoint read = new SafetensorsReader().open(source)) {
            System.out.printf(
                    Locale.ROOT,
                    "%d MB, %d tensors; opened in %.0f ms%n",
                    megabytes,
                    tensors,
                    (System.nanoTime() - start) * 1e-6);
            WritePlan same = SafetensorsWriter.plan(read, read.metadata(), target);
            WritePlan gguf = GgufWriter.plan(GgufMetadata.builder().build(), read, target);
            PlanWriter one = new PlanWriter(1, Progress.NONE);
            PlanWriter two = new PlanWriter(2, Progress.NONE);
            List<Row> rows =
                    List.of(
                            row(rounds, "cp", () -> cp(source, target)),
                            row(rounds, "safetensors, 1 thread", () -> one.writeTo(same, target)),
                            row(rounds, "safetensors, 2 threads", () -> two.writeTo(same, target)),
                            row(rounds, "GGUF, 2 threads", () -> two.writeTo(gguf, target)),
                            row(
                                    rounds,
                                    "cp, flushed",
                                    () -> {
                                        cp(source, target);
                                        flush(target);
                                    }),
                            row(rounds, "safetensors, whole", () -> two.write(same, false)),
                            row(rounds, "GGUF, whole", () -> two.write(gguf, false)));
            for (int round = -1; round < rounds; round++) {
                for (Row row : rows) measure(row, round, target);
            }
            report(rows);
        } finally {
            Files.deleteIfExists(source);
            Files.deleteIfExists(target);
            Files.delete(folder);
        }
    }

    private static Row row(int rounds, String name, Way way) {
        return new Row(name, way, new double[rounds], new double[rounds]);
    }

    private static void measure(Row row, int round, Path target)
            throws IOException, InterruptedException {
        Files.deleteIfExists(target);
        double processor = processorSeconds();
        long start = System.nanoTime();
        row.way().run();
        double seconds = (System.nanoTime() - start) * 1e-9;
        if (round < 0) return;
        row.seconds()[round] = seconds;
        row.processor()[round] = processorSeconds() - processor;
    }

    /** Of this process and of those it waited for; 0 where there is no Linux to tell it. */
    private static double processorSeconds() throws IOException {
        Path stat = Path.of("/proc/self/stat");
        if (!Files.exists(stat)) return 0;
        String text = Files.readString(stat);
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
        long ticks = 0;
        for (int i = 11; i <= 14; i++) ticks += Long.parseLong(fields[i]);
        return ticks / 100.0;
    }

    private static void report(List<Row> rows) {
        double reference = 0;
        for (Row row : rows) {
            double[] sorted = row.seconds().clone();
            Arrays.sort(sorted);
            double median = sorted[sorted.length / 2];
            if (row.name().startsWith("cp")) reference = median;
            System.out.printf(
                    Locale.ROOT,
                    "%-24s median %.3f s, fastest %.3f s, %.2f x cp, processor %.2f s%n",
                    row.name(),
                    median,
                    sorted[0],
                    median / reference,
                    Arrays.stream(row.processor()).sum());
        }
    }

    private static void make(Path source, long megabytes, int tensors) {
        long columns = 1024;
        long rows = Math.max(1, megabytes * 1_000_000 / (4 * columns * tensors));
        List<Tensor> noise = new ArrayList<>();
        for (int i = 0; i < tensors; i++) {
            noise.add(
                    new Noise(new TensorInfo("tensor." + i, DType.F32, new Shape(rows, columns))));
        }
        Checkpoint checkpoint = new TensorMap(noise, Map.of(), List.of());
        new PlanWriter(2, Progress.NONE)
                .write(SafetensorsWriter.plan(checkpoint, Map.of(), source), false);
    }

    private static void cp(Path source, Path target) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("cp", source.toString(), target.toString()).start();
        if (process.waitFor() != 0) throw new IOException("cp failed");
    }

    private static void flush(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }
}
