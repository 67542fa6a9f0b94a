package tk.torch;

import tk.checkpoint.Checkpoint;
import tk.error.TkException;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Opens every file of a folder, in a JVM of its own with little memory: a line a file with the exit
 * code it means (0: it was read; 1: something else went wrong), the milliseconds of processor time,
 * and the message.
 */
final class HostileMain {
    private HostileMain() {}

    public static void main(String[] arguments) throws IOException {
        List<Path> files;
        try (Stream<Path> list = Files.list(Path.of(arguments[0]))) {
            files = list.sorted().toList();
        }
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (Path file : files) {
            long start = cpuMillis();
            String result = open(file);
            long millis = cpuMillis() - start;
            out.println(file.getFileName() + "\t" + millis + "\t" + result.replace('\n', ' '));
        }
    }

    private static long cpuMillis() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis();
    }

    private static String open(Path file) {
        try (Checkpoint checkpoint = new TorchReader().open(file)) {
            return "0\tread " + checkpoint.tensors().keySet();
        } catch (TkException e) {
            return e.exit() + "\t" + e.getMessage();
        } catch (Throwable e) {
            return "1\t" + e;
        }
    }
}
