package tk.bench;

import tk.tensor.DType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * {@code tk quantize} beside {@code llama-quantize}, as whole programs from start to end, with the
 * same threads, on a BF16 GGUF of random weights; the two files must be the same.
 *
 * <p>Arguments: the folder of tk, a folder to work in, a size that {@link RandomGguf} knows, the
 * type, threads, rounds. {@code TK_LLAMACPP_BIN} is the folder of llama-quantize. Prints seconds on
 * the clock and of the processors; needs {@code /usr/bin/time}.
 */
public final class QuantizePrograms {
    private record Figures(double clock, double processor) {}

    private QuantizePrograms() {}

    /** Runs the comparison. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path work = Files.createDirectories(Path.of(args[1]));
        Path source = work.resolve("random-" + args[2] + ".gguf");
        if (!Files.exists(source)) RandomGguf.write(source, DType.BF16, args[2]);
        String type = args[3];
        String threads = args[4];
        Path ours = work.resolve("tk.gguf");
        Path theirs = work.resolve("llama-quantize.gguf");
        String original = System.getenv("TK_LLAMACPP_BIN");
        if (original == null) throw new IllegalStateException("TK_LLAMACPP_BIN is not set");
        List<Figures> tk = new ArrayList<>();
        List<Figures> llama = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[5]); i++) {
            Files.deleteIfExists(ours);
            tk.add(
                    run(
                            work,
                            Path.of(args[0]).resolve("tk").toString(),
                            "quantize",
                            source.toString(),
                            ours.toString(),
                            type,
                            "--threads",
                            threads,
                            "-q"));
            Files.deleteIfExists(theirs);
            llama.add(
                    run(
                            work,
                            Path.of(original).resolve("llama-quantize").toString(),
                            source.toString(),
                            theirs.toString(),
                            type,
                            threads));
            if (Files.mismatch(ours, theirs) >= 0) {
                throw new IllegalStateException(ours + " and " + theirs + " differ");
            }
        }
        print("tk quantize", tk);
        print("llama-quantize", llama);
        System.out.printf(
                Locale.ROOT,
                "%s to %s, %s threads, the same bytes: %.1f times faster by the clock, %.1f by the processor%n",
                args[2],
                type,
                threads,
                median(llama, false) / median(tk, false),
                median(llama, true) / median(tk, true));
    }

    private static Figures run(Path work, String... command)
            throws IOException, InterruptedException {
        Path figures = work.resolve("figures.txt");
        Path log = work.resolve("log.txt");
        List<String> timed =
                new ArrayList<>(
                        List.of("/usr/bin/time", "-f", "%e %U %S", "-o", figures.toString()));
        timed.addAll(Arrays.asList(command));
        Process process =
                new ProcessBuilder(timed)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        if (process.waitFor() != 0) throw new IOException(timed + ": " + Files.readString(log));
        String[] words = Files.readString(figures).strip().split(" ");
        return new Figures(
                Double.parseDouble(words[0]),
                Double.parseDouble(words[1]) + Double.parseDouble(words[2]));
    }

    private static double median(List<Figures> figures, boolean processor) {
        double[] seconds =
                figures.stream()
                        .mapToDouble(f -> processor ? f.processor : f.clock)
                        .sorted()
                        .toArray();
        return seconds[seconds.length / 2];
    }

    private static void print(String what, List<Figures> figures) {
        System.out.printf(
                Locale.ROOT,
                "%-15s %6.2f s by the clock, %6.2f s of the processors (medians of %d)%n",
                what,
                median(figures, false),
                median(figures, true),
                figures.size());
    }
}
