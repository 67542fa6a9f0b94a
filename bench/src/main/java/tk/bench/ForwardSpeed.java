package tk.bench;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The forward pass beside llama.cpp's and PyTorch's, in turn: {@code ForwardSpeed FILE.gguf [PROMPT
 * [THREADS [ROUNDS [HF FOLDER]]]]}. {@code TK_LLAMACPP_BIN} is the folder of llama-bench; with
 * {@code TK_PYTHON} and the model's Hugging Face folder transformers runs too, in F32.
 *
 * <p>Prints medians of tokens a second by the clock, prefill with the logits of all positions (of
 * the last alone in llama-bench, and in a line of tk's own) and decoding from there, what tk needs
 * of the processors, and which part of what those could multiply and add at best went into its
 * products.
 */
final class ForwardSpeed {
    /** Tokens that are decoded one by one. */
    static final int DECODED = 32;

    private ForwardSpeed() {}

    /** One of the programs that are compared. */
    interface Side extends AutoCloseable {
        String name();

        /** Seconds for the prompt. */
        double prefill();

        /** Seconds for {@link #DECODED} tokens after it, one at a time. */
        double decode();

        @Override
        void close();
    }

    public static void main(String[] args) throws IOException {
        Path gguf = Path.of(args[0]);
        int prompt = args.length > 1 ? Integer.parseInt(args[1]) : 128;
        int threads = args.length > 2 ? Integer.parseInt(args[2]) : 2;
        int rounds = args.length > 3 ? Integer.parseInt(args[3]) : 7;
        String llama = System.getenv("TK_LLAMACPP_BIN");
        String python = System.getenv("TK_PYTHON");
        TkForward tk = new TkForward(gguf, prompt, threads);
        List<Side> sides = new ArrayList<>(List.of(tk));
        if (llama != null) {
            sides.add(new LlamaForward(Path.of(llama), gguf, prompt, threads));
        }
        if (python != null && args.length > 4) {
            sides.add(new TorchForward(python, Path.of(args[4]), prompt, threads));
        }
        double[][][] seconds = new double[2][sides.size()][rounds];
        double[] last = new double[rounds];
        try {
            for (int round = -3; round < rounds; round++) {
                for (int i = 0; i < sides.size(); i++) {
                    // tk's code is compiled as it runs: three rounds are its own.
                    if (round < 0 && i > 0) continue;
                    if (i == 0) last[Math.max(0, round)] = tk.prefillForLast();
                    double prefill = sides.get(i).prefill();
                    double decode = sides.get(i).decode();
                    if (round < 0) {
                        tk.forget();
                    } else {
                        seconds[0][i][round] = prefill;
                        seconds[1][i][round] = decode;
                    }
                }
            }
        } finally {
            for (Side side : sides) side.close();
        }
        print("prefill", sides, seconds[0], prompt);
        System.out.printf(
                Locale.ROOT,
                "prefill  tk, logits of the last position only %.1f tokens/s%n",
                prompt / median(last));
        print("decode", sides, seconds[1], DECODED);
        double peak = FmaPeak.perSecond();
        double used = 2.0 * multiplied(gguf) * prompt / tk.prefillCpuSeconds();
        System.out.printf(
                Locale.ROOT,
                "tk by the processors: prefill %.0f tokens/s, for the last logits %.0f, decode %.1f; products at %.1f GFLOP/s of %.1f: %.2f of the peak%n",
                prompt / tk.prefillCpuSeconds(),
                prompt / tk.lastPrefillCpuSeconds(),
                DECODED / tk.decodeCpuSeconds(),
                used * 1e-9,
                peak * 1e-9,
                used / peak);
    }

    /** Values of the matrices that every token is multiplied with; attention is left out. */
    private static long multiplied(Path gguf) {
        try (GgufFile file = new GgufReader().open(gguf)) {
            boolean tied = !file.tensors().containsKey("output.weight");
            long sum = 0;
            for (Tensor tensor : file.tensors().values()) {
                boolean embedding = tensor.info().name().equals("token_embd.weight");
                if (tensor.info().shape().rank() == 2 && (tied || !embedding)) {
                    sum += tensor.info().shape().elements();
                }
            }
            return sum;
        }
    }

    private static void print(String what, List<Side> sides, double[][] seconds, int tokens) {
        double own = tokens / median(seconds[0]);
        for (int i = 0; i < sides.size(); i++) {
            double rate = tokens / median(seconds[i]);
            System.out.printf(
                    Locale.ROOT,
                    "%-8s %-12s %8.1f tokens/s%s%n",
                    what,
                    sides.get(i).name(),
                    rate,
                    i == 0 ? "" : String.format(Locale.ROOT, ", tk %.2f times", own / rate));
        }
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        java.util.Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
