package tk.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlannedFile.Values;
import tk.checkpoint.WritePlan.Layout;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.testing.ForkedJava;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A writer that is killed at any moment leaves whole files or none, and the next one clears up what
 * it left. {@code -Dtk.kills=200} kills that many.
 */
class KilledWriterTest {
    private static final int KILLS = Integer.getInteger("tk.kills", 3);
    private static final int ROWS = 500;
    private static final int COLUMNS = 1 << 14;

    @TempDir Path folder;

    /** Writes the plan again and again; a line tells when it begins and when it is done. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws IOException {
            WritePlan plan = plan(Path.of(arguments[0]), Layout.valueOf(arguments[1]));
            while (true) {
                System.out.println("begin");
                new PlanWriter(2, Progress.NONE).write(plan, false);
                System.out.println("done");
                if (System.in.read() < 0) return;
            }
        }
    }

    private static WritePlan plan(Path target, Layout layout) {
        PlannedFile.Segment values = new Values(Pattern.of("t", DType.U8, ROWS, COLUMNS));
        if (layout == Layout.FILE) return WritePlan.file(target, List.of(values));
        List<PlannedFile> files =
                Stream.of("1", "2", "3")
                        .map(name -> new PlannedFile(Path.of(name), List.of(values)))
                        .toList();
        return new WritePlan(target, layout, files);
    }

    @Test
    void leavesWholeFilesOrNone() throws IOException, InterruptedException {
        Random random = new Random(7);
        byte[] whole = Pattern.bytes(Pattern.of("t", DType.U8, ROWS, COLUMNS));
        int unfinished = 0;
        for (int i = 0; i < KILLS; i++) {
            Layout layout = Layout.values()[i % Layout.values().length];
            Path output = Files.createDirectory(folder.resolve("run" + i));
            WritePlan plan = plan(output.resolve("out"), layout);
            int latest = layout == Layout.FILE ? 50_000 : 150_000;
            int delay = i == 0 ? 0 : random.nextInt(latest);
            killOneWriting(output.resolve("out"), layout, delay);
            List<Path> appeared =
                    plan.files().stream().map(plan::path).filter(Files::exists).toList();
            for (Path file : appeared) assertThat(Files.readAllBytes(file)).isEqualTo(whole);
            if (layout == Layout.SIBLINGS && Files.exists(plan.path(plan.files().getFirst()))) {
                assertThat(appeared).hasSize(3);
            } else if (layout == Layout.FOLDER && !appeared.isEmpty()) {
                assertThat(appeared).hasSize(3);
            }
            if (appeared.isEmpty()) unfinished++;
            new PlanWriter(2, Progress.NONE).write(plan, true);
            assertThat(names(output)).isEqualTo(expectedNames(plan));
        }
        assertThat(unfinished).as("killed before the end").isPositive();
    }

    private static void killOneWriting(Path target, Layout layout, int microseconds)
            throws IOException, InterruptedException {
        Process process = ForkedJava.start(Writer.class, List.of("-Xmx64m"), target, layout);
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo("begin");
            TimeUnit.MICROSECONDS.sleep(microseconds);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    private static List<String> expectedNames(WritePlan plan) {
        return plan.layout() == Layout.SIBLINGS ? List.of("1", "2", "3") : List.of("out");
    }
}
