package tk.bench;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.torch.TorchWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * A 134M-shaped F32 {@code .pt} to a q4_K_M GGUF, as whole programs: {@code tk quantize} beside the
 * usual chain of torch.load, save_pretrained, convert_hf_to_gguf and llama-quantize.
 *
 * <p>Arguments: the folder of tk, a {@code tokenizer.model}, a folder to work in, the rounds. The
 * chain runs where {@code TK_PYTHON}, {@code TK_CONVERT_HF_TO_GGUF} and {@code TK_LLAMACPP_BIN} are
 * set. Prints seconds and peak memory of each, and their ratio; needs {@code /usr/bin/time}.
 */
public final class PtToGguf {
    private static final int LAYERS = 12;
    private static final int HIDDEN = 768;
    private static final int FEED_FORWARD = 2048;
    private static final int VOCABULARY = 32000;

    private static final String CHAIN =
            """
            import sys, torch, shutil
            from transformers import AutoConfig, AutoModelForCausalLM
            src, dst = sys.argv[1:3]
            model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(src))
            model.load_state_dict(torch.load(src + "/model.pt", map_location="cpu"), strict=False)
            model.save_pretrained(dst, safe_serialization=True)
            shutil.copy(src + "/tokenizer.model", dst)
            """;

    private PtToGguf() {}

    /** Normal weights of deviation 0.02, the same each time. */
    private record Weights(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            int columns = (int) info.shape().columns();
            float[] row = new float[columns];
            for (long r = 0; r < count; r++) {
                Random random = new Random(info.name().hashCode() + 31 * (first + r));
                for (int c = 0; c < columns; c++) row[c] = (float) random.nextGaussian() * 0.02f;
                Scalars.narrow(DType.F32, row, 0, into, r * info.rowBytes(), columns);
            }
        }
    }

    /** Runs the comparison. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path home = Path.of(args[0]);
        Path source = Files.createDirectories(Path.of(args[2]).resolve("source"));
        int rounds = Integer.parseInt(args[3]);
        Files.copy(
                Path.of(args[1]),
                source.resolve("tokenizer.model"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(
                source.resolve("config.json"),
                """
                {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 768, "num_hidden_layers": 12,
                 "num_attention_heads": 12, "intermediate_size": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                 "vocab_size": 32000, "max_position_embeddings": 2048, "tie_word_embeddings": false}
                """);
        Path pt = source.resolve("model.pt");
        new PlanWriter(2, Progress.NONE).write(TorchWriter.plan(model(), pt), true);

        Path work = Path.of(args[2]);
        List<List<String>> tk =
                List.of(
                        List.of(
                                home.resolve("tk").toString(),
                                "quantize",
                                pt.toString(),
                                work.resolve("tk.gguf").toString(),
                                "q4_K_M",
                                "--force",
                                "-q",
                                "--pad-vocab"));
        List<List<String>> chain = chain(source, work);
        List<Figures> ours = new ArrayList<>();
        List<Figures> theirs = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            ours.add(measure(tk, work));
            if (!chain.isEmpty()) theirs.add(measure(chain, work));
        }
        print("tk quantize", ours);
        if (theirs.isEmpty()) return;
        print("the chain", theirs);
        System.out.printf(Locale.ROOT, "ratio: %.1f times faster%n", median(theirs) / median(ours));
    }

    private static List<List<String>> chain(Path source, Path work) throws IOException {
        Map<String, String> env = System.getenv();
        if (!env.containsKey("TK_PYTHON")
                || !env.containsKey("TK_CONVERT_HF_TO_GGUF")
                || !env.containsKey("TK_LLAMACPP_BIN")) {
            return List.of();
        }
        Path script = Files.writeString(work.resolve("chain.py"), CHAIN);
        String hf = work.resolve("hf").toString();
        String f32 = work.resolve("f32.gguf").toString();
        return List.of(
                List.of(
                        String.valueOf(env.get("TK_PYTHON")),
                        script.toString(),
                        source.toString(),
                        hf),
                List.of(
                        String.valueOf(env.get("TK_CONVERT_HF_TO_GGUF")),
                        hf,
                        "--outfile",
                        f32,
                        "--outtype",
                        "f32"),
                List.of(
                        env.get("TK_LLAMACPP_BIN") + "/llama-quantize",
                        f32,
                        work.resolve("chain.gguf").toString(),
                        "Q4_K_M"));
    }

    private static TensorMap model() {
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(tensor("model.embed_tokens.weight", VOCABULARY, HIDDEN));
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            for (String p : List.of("q", "k", "v", "o"))
                tensors.add(tensor(layer + "self_attn." + p + "_proj.weight", HIDDEN, HIDDEN));
            for (String p : List.of("gate", "up"))
                tensors.add(tensor(layer + "mlp." + p + "_proj.weight", FEED_FORWARD, HIDDEN));
            tensors.add(tensor(layer + "mlp.down_proj.weight", HIDDEN, FEED_FORWARD));
            tensors.add(tensor(layer + "input_layernorm.weight", HIDDEN));
            tensors.add(tensor(layer + "post_attention_layernorm.weight", HIDDEN));
        }
        tensors.add(tensor("model.norm.weight", HIDDEN));
        tensors.add(tensor("lm_head.weight", VOCABULARY, HIDDEN));
        return new TensorMap(tensors, Map.of(), List.of());
    }

    private static Tensor tensor(String name, long... dims) {
        return new Weights(new TensorInfo(name, DType.F32, new Shape(dims)));
    }

    /** Seconds on the clock, and the largest resident memory of any of the programs. */
    private record Figures(double seconds, long kibibytes) {}

    private static Figures measure(List<List<String>> commands, Path work)
            throws IOException, InterruptedException {
        double seconds = 0;
        long peak = 0;
        for (List<String> command : commands) {
            Path figures = work.resolve("figures.txt");
            List<String> timed =
                    new ArrayList<>(
                            List.of("/usr/bin/time", "-f", "%e %M", "-o", figures.toString()));
            timed.addAll(command);
            Process process =
                    new ProcessBuilder(timed)
                            .redirectErrorStream(true)
                            .redirectOutput(work.resolve("log.txt").toFile())
                            .start();
            if (process.waitFor() != 0) {
                throw new IOException(
                        command + " failed:\n" + Files.readString(work.resolve("log.txt")));
            }
            String[] words = Files.readString(figures).strip().split(" ");
            seconds += Double.parseDouble(words[0]);
            peak = Math.max(peak, Long.parseLong(words[1]));
        }
        return new Figures(seconds, peak);
    }

    private static double median(List<Figures> figures) {
        double[] seconds = figures.stream().mapToDouble(Figures::seconds).sorted().toArray();
        return seconds[seconds.length / 2];
    }

    private static void print(String what, List<Figures> figures) {
        double[] seconds = figures.stream().mapToDouble(Figures::seconds).sorted().toArray();
        long peak = figures.stream().mapToLong(Figures::kibibytes).max().orElse(0);
        System.out.printf(
                Locale.ROOT,
                "%-12s median %.2f s of %s, peak %d MiB%n",
                what,
                median(figures),
                Arrays.toString(seconds),
                peak / 1024);
    }
}
