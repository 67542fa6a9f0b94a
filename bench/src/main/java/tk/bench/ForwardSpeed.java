package tk.bench;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.verify.reference.LogitModel.Session;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * The forward pass on a GGUF, whole: {@code ForwardSpeed FILE [PROMPT [THREADS [MIB OF WEIGHTS
 * KEPT]]]}. Prints tokens a second of prefill (all logits) and of decoding, wall and by CPU time,
 * to hold against {@code llama-bench -m FILE -p PROMPT -n 32}.
 */
final class ForwardSpeed {
    private ForwardSpeed() {}

    public static void main(String[] args) {
        int prompt = args.length > 1 ? Integer.parseInt(args[1]) : 128;
        int threads = args.length > 2 ? Integer.parseInt(args[2]) : 2;
        long resident = args.length > 3 ? Long.parseLong(args[3]) << 20 : 0;
        try (GgufFile file = new GgufReader().open(Path.of(args[0]));
                ReferenceModel model =
                        ReferenceModels.openGguf(
                                file,
                                file.gguf(),
                                ReferenceModels.Options.standard()
                                        .withThreads(threads)
                                        .withResidentBytes(resident))) {
            SplittableRandom random = new SplittableRandom(1);
            int[] tokens = new int[prompt];
            Arrays.setAll(tokens, i -> random.nextInt(model.vocabularySize()));
            for (int round = 0; round < 12; round++) {
                measure("prefill", prompt, () -> model.logits(tokens, (position, logits) -> {}));
            }
            try (Session session = model.start()) {
                session.append(tokens);
                for (int round = 0; round < 6; round++) {
                    measure(
                            "decode",
                            16,
                            () -> {
                                for (int i = 0; i < 16; i++) session.append(tokens[i]);
                            });
                }
            }
        }
    }

    private static void measure(String what, int tokens, Runnable work) {
        long cpu = cpuNanos();
        long wall = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - wall) * 1e-9;
        double busy = (cpuNanos() - cpu) * 1e-9;
        System.out.printf(
                Locale.ROOT,
                "%s: %.1f tokens/s, %.1f tokens/CPU-s%n",
                what,
                tokens / seconds,
                tokens / busy);
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
