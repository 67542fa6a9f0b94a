package tk.bench;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * {@code tk merge-lora} as a whole program against {@code cp} of the base, and against PEFT where
 * {@code TK_PYTHON} is set: {@code LoraSpeed TK WORK 134m|1.1b [RANK [ROUNDS]]}, TK being the
 * launcher; a sixth argument keeps the files. The 134M model is F32 with a LoRA on all seven
 * projections, embedding and head trained whole; the 1.1B one BF16 with the projections alone.
 * Prints seconds, processor seconds and peak memory; needs {@code /usr/bin/time}.
 */
public final class LoraSpeed {
    private record Size(
            DType type, int layers, int hidden, int kv, int feedForward, boolean whole) {}

    private static final Map<String, Size> SIZES =
            Map.of(
                    "134m", new Size(DType.F32, 12, 768, 768, 2048, true),
                    "1.1b", new Size(DType.BF16, 22, 2048, 256, 5632, false));

    private static final int VOCABULARY = 32000;

    private LoraSpeed() {}

    /** Values around 0 that no file system can compress, cheaply made. */
    private record Noise(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            int columns = (int) info.shape().columns();
            float[] row = new float[columns];
            long state = first * 0x9e3779b97f4a7c15L + info.name().hashCode();
            for (long r = 0; r < count; r++) {
                for (int c = 0; c < columns; c++) {
                    state = state * 6364136223846793005L + 1442695040888963407L;
                    row[c] = (state >> 40) * 0x1p-28f;
                }
                Scalars.narrow(info.dtype(), row, 0, into, r * info.rowBytes(), columns);
            }
        }
    }

    /** Runs the comparison. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Size size = SIZES.get(args[2]);
        if (size == null) throw new IllegalArgumentException("134m or 1.1b, not " + args[2]);
        int rank = args.length > 3 ? Integer.parseInt(args[3]) : 64;
        int rounds = args.length > 4 ? Integer.parseInt(args[4]) : 3;
        Path work = Files.createTempDirectory(Path.of(args[1]), "tk-lora");
        Path base = Files.createDirectory(work.resolve("base"));
        Path adapter = Files.createDirectory(work.resolve("adapter"));
        make(size, rank, base, adapter);
        Path weights = base.resolve("model.safetensors");
        Path merged = work.resolve("merged");
        List<double[]> merges = new ArrayList<>();
        List<double[]> copies = new ArrayList<>();
        List<double[]> originals = new ArrayList<>();
        Path log = work.resolve("log.txt");
        for (int round = -1; round < rounds; round++) {
            List<String> command =
                    List.of(args[0], "merge-lora", base.toString(), adapter.toString());
            double[] merge = timed(log, with(command, merged.toString(), "-q"));
            delete(merged);
            Path copy = work.resolve("copy");
            double[] cp = timed(log, List.of("cp", weights.toString(), copy.toString()));
            cp[0] += flushed(copy);
            Files.delete(copy);
            Optional<List<String>> peft = PeftMerge.command(base, adapter, merged);
            if (peft.isPresent()) {
                double[] original = timed(log, peft.get());
                double[] working = {PeftMerge.working(log)};
                delete(merged);
                if (round >= 0) originals.add(joined(original, working));
            }
            if (round < 0) continue;
            merges.add(merge);
            copies.add(cp);
        }
        System.out.printf(
                Locale.ROOT,
                "%s, %s, r=%d: %d MB%n",
                args[2],
                size.type(),
                rank,
                Files.size(weights) / 1_000_000);
        print("tk merge-lora", merges);
        print("cp, flushed", copies);
        System.out.printf(Locale.ROOT, "%.2f times cp%n", median(merges, 0) / median(copies, 0));
        if (!originals.isEmpty()) {
            print("PEFT", originals);
            System.out.printf(
                    Locale.ROOT,
                    "PEFT without its imports: median %.2f s; %.2f times tk, with them %.2f%n",
                    median(originals, 3),
                    median(originals, 3) / median(merges, 0),
                    median(originals, 0) / median(merges, 0));
        }
        if (args.length < 6) for (Path folder : List.of(base, adapter, work)) delete(folder);
    }

    private static List<String> with(List<String> command, String... more) {
        return Stream.concat(command.stream(), Stream.of(more)).toList();
    }

    private static double[] joined(double[] a, double[] b) {
        return DoubleStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.newDirectoryStream(folder)) {
            for (Path file : files) Files.delete(file);
        }
        Files.delete(folder);
    }

    private static double flushed(Path file) throws IOException {
        long start = System.nanoTime();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        return (System.nanoTime() - start) * 1e-9;
    }

    /** Seconds on the clock and of the processor, and the largest resident memory in MiB. */
    private static double[] timed(Path log, List<String> command)
            throws IOException, InterruptedException {
        Path figures = log.resolveSibling("figures.txt");
        List<String> timed =
                new ArrayList<>(
                        List.of("/usr/bin/time", "-f", "%e %U %S %M", "-o", figures.toString()));
        timed.addAll(command);
        Process process =
                new ProcessBuilder(timed)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        if (process.waitFor() != 0) throw new IOException(Files.readString(log));
        double[] words =
                Arrays.stream(Files.readString(figures).strip().split(" "))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
        return new double[] {words[0], words[1] + words[2], words[3] / 1024};
    }

    private static double median(List<double[]> runs, int figure) {
        double[] sorted = runs.stream().mapToDouble(run -> run[figure]).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static void print(String what, List<double[]> runs) {
        System.out.printf(
                Locale.ROOT,
                "%-14s median %.2f s, processor %.2f s, peak %.0f MiB%n",
                what,
                median(runs, 0),
                median(runs, 1),
                median(runs, 2));
    }

    private static void make(Size size, int rank, Path base, Path adapter) throws IOException {
        Files.writeString(
                base.resolve("config.json"),
                String.format(
                        Locale.ROOT,
                        """
                        {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": %d,
                         "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
                         "intermediate_size": %d, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "vocab_size": %d,
                         "max_position_embeddings": 2048, "tie_word_embeddings": false}
                        """,
                        size.hidden(),
                        size.layers(),
                        size.hidden() / 64,
                        size.kv() / 64,
                        size.feedForward(),
                        VOCABULARY));
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                String.format(
                        Locale.ROOT,
                        """
                        {"peft_type": "LORA", "r": %d, "lora_alpha": %d, "modules_to_save": %s,
                         "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]}
                        """,
                        rank,
                        2 * rank,
                        size.whole() ? "[\"embed_tokens\", \"lm_head\"]" : "null"));
        Map<String, long[]> projections = new LinkedHashMap<>();
        long hidden = size.hidden();
        projections.put("self_attn.q_proj", new long[] {hidden, hidden});
        projections.put("self_attn.k_proj", new long[] {size.kv(), hidden});
        projections.put("self_attn.v_proj", new long[] {size.kv(), hidden});
        projections.put("self_attn.o_proj", new long[] {hidden, hidden});
        projections.put("mlp.gate_proj", new long[] {size.feedForward(), hidden});
        projections.put("mlp.up_proj", new long[] {size.feedForward(), hidden});
        projections.put("mlp.down_proj", new long[] {hidden, size.feedForward()});
        List<Tensor> weights = new ArrayList<>();
        List<Tensor> factors = new ArrayList<>();
        for (String whole : List.of("model.embed_tokens.weight", "lm_head.weight")) {
            weights.add(tensor(whole, size.type(), VOCABULARY, hidden));
            if (size.whole()) {
                factors.add(tensor("base_model.model." + whole, DType.F32, VOCABULARY, hidden));
            }
        }
        for (int i = 0; i < size.layers(); i++) {
            String layer = "model.layers." + i + ".";
            projections.forEach(
                    (name, dims) -> {
                        weights.add(tensor(layer + name + ".weight", size.type(), dims));
                        String peft = "base_model.model." + layer + name;
                        factors.add(tensor(peft + ".lora_A.weight", DType.F32, rank, dims[1]));
                        factors.add(tensor(peft + ".lora_B.weight", DType.F32, dims[0], rank));
                    });
            weights.add(tensor(layer + "input_layernorm.weight", size.type(), hidden));
            weights.add(tensor(layer + "post_attention_layernorm.weight", size.type(), hidden));
        }
        weights.add(tensor("model.norm.weight", size.type(), hidden));
        write(weights, base.resolve("model.safetensors"));
        write(factors, adapter.resolve("adapter_model.safetensors"));
    }

    private static Tensor tensor(String name, DType type, long... dims) {
        return new Noise(new TensorInfo(name, type, new Shape(dims)));
    }

    private static void write(List<Tensor> tensors, Path file) {
        new PlanWriter(2, Progress.NONE)
                .write(
                        SafetensorsWriter.plan(
                                new TensorMap(tensors, Map.of(), List.of()),
                                Map.of("format", "pt"),
                                file),
                        false);
    }
}
