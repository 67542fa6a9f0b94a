package tk.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Ways to the same file that take turns, in another order each round, so that a busy machine hurts
 * them alike. Each is given by its median and its fastest time, by the ratio of its median to that
 * of the last reference before it, and by the processor time of all its rounds.
 */
final class Turns {
    /** Makes the file. */
    interface Way {
        void run() throws IOException, InterruptedException;
    }

    private record Row(
            String name, boolean reference, Way way, double[] seconds, double[] processor) {}

    private final Path target;
    private final int rounds;
    private final List<Row> rows = new ArrayList<>();
    private final List<ProcessHandle> servants = new ArrayList<>();

    /** Ways to {@code target}, which is removed before each. */
    Turns(Path target, int rounds) {
        this.target = target;
        this.rounds = rounds;
    }

    /** A way that those after it are compared with. */
    void reference(String name, Way way) {
        rows.add(new Row(name, true, way, new double[rounds], new double[rounds]));
    }

    /** A way to compare. */
    void way(String name, Way way) {
        rows.add(new Row(name, false, way, new double[rounds], new double[rounds]));
    }

    /** Counts the processor time of a process that lives on and works for a way. */
    void servedBy(ProcessHandle process) {
        servants.add(process);
    }

    /** Runs all, once for nothing and then {@code rounds} times, and prints what came of it. */
    void run() throws IOException, InterruptedException {
        Random random = new Random(1);
        List<Row> order = new ArrayList<>(rows);
        for (int round = -1; round < rounds; round++) {
            Collections.shuffle(order, random);
            for (Row row : order) measure(row, round);
        }
        Files.deleteIfExists(target);
        report();
    }

    private void measure(Row row, int round) throws IOException, InterruptedException {
        Files.deleteIfExists(target);
        settle();
        double processor = processorSeconds();
        long start = System.nanoTime();
        row.way().run();
        double seconds = (System.nanoTime() - start) * 1e-9;
        if (round < 0) return;
        row.seconds()[round] = seconds;
        row.processor()[round] = processorSeconds() - processor;
    }

    /** Nobody is to wait for the disk that another kept busy. */
    private static void settle() throws IOException, InterruptedException {
        if (new ProcessBuilder("sync").start().waitFor() != 0) throw new IOException("sync failed");
    }

    /** Of this process, of those it waited for, and of those that serve. */
    private double processorSeconds() throws IOException {
        double seconds = processorSeconds(ProcessHandle.current());
        for (ProcessHandle servant : servants) seconds += processorSeconds(servant);
        return seconds;
    }

    /** 0 where there is no Linux to tell it. */
    private static double processorSeconds(ProcessHandle process) throws IOException {
        Path stat = Path.of("/proc", Long.toString(process.pid()), "stat");
        if (!Files.exists(stat)) return 0;
        String text = Files.readString(stat);
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
        long ticks = 0;
        for (int i = 11; i <= 14; i++) ticks += Long.parseLong(fields[i]);
        return ticks / 100.0;
    }

    private void report() {
        double reference = 0;
        for (Row row : rows) {
            double[] sorted = row.seconds().clone();
            Arrays.sort(sorted);
            double median = sorted[sorted.length / 2];
            if (row.reference()) reference = median;
            System.out.printf(
                    Locale.ROOT,
                    "%-32s median %.3f s, fastest %.3f s, ratio %.2f, processor %.2f s%n",
                    row.name(),
                    median,
                    sorted[0],
                    median / reference,
                    Arrays.stream(row.processor()).sum());
        }
    }
}
