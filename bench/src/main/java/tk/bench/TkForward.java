package tk.bench;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.verify.reference.LogitModel.Session;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** tk's forward pass, weights kept in memory as a verification keeps them. */
final class TkForward implements ForwardSpeed.Side {
    private final GgufFile file;
    private final ReferenceModel model;
    private final int[] tokens;
    private final List<Double> prefills = new ArrayList<>();
    private final List<Double> lastPrefills = new ArrayList<>();
    private final List<Double> decodes = new ArrayList<>();

    TkForward(Path gguf, int prompt, int threads) {
        file = new GgufReader().open(gguf);
        model =
                ReferenceModels.openGguf(
                        file,
                        file.gguf(),
                        ReferenceModels.Options.standard()
                                .withThreads(threads)
                                .withResidentBytes(640L << 20));
        tokens =
                new SplittableRandom(1)
                        .ints(prompt + ForwardSpeed.DECODED, 0, model.vocabularySize())
                        .toArray();
    }

    @Override
    public String name() {
        return "tk";
    }

    @Override
    public double prefill() {
        int[] prompt = java.util.Arrays.copyOf(tokens, tokens.length - ForwardSpeed.DECODED);
        return timed(prefills, () -> model.logits(prompt, (position, logits) -> {}));
    }

    /** Seconds for the prompt where only what follows it is asked, as llama-bench does. */
    double prefillForLast() {
        int[] prompt = java.util.Arrays.copyOf(tokens, tokens.length - ForwardSpeed.DECODED);
        try (Session session = model.start()) {
            return timed(lastPrefills, () -> session.append(prompt));
        }
    }

    @Override
    public double decode() {
        int prompt = tokens.length - ForwardSpeed.DECODED;
        try (Session session = model.start()) {
            session.append(tokens[0]);
            return timed(
                    decodes,
                    () -> {
                        for (int i = prompt; i < tokens.length; i++) session.append(tokens[i]);
                    });
        }
    }

    /** Forgets what was measured so far. */
    void forget() {
        prefills.clear();
        lastPrefills.clear();
        decodes.clear();
    }

    double prefillCpuSeconds() {
        return median(prefills);
    }

    double lastPrefillCpuSeconds() {
        return median(lastPrefills);
    }

    double decodeCpuSeconds() {
        return median(decodes);
    }

    private static double median(List<Double> values) {
        return ForwardSpeed.median(values.stream().mapToDouble(v -> v).toArray());
    }

    private static double timed(List<Double> processors, Runnable work) {
        long cpu = cpuNanos();
        long wall = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - wall) * 1e-9;
        processors.add((cpuNanos() - cpu) * 1e-9);
        return seconds;
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    @Override
    public void close() {
        model.close();
        file.close();
    }
}
