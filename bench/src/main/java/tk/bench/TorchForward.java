package tk.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** transformers' on PyTorch in F32: one process that measures when asked, as it starts slowly. */
final class TorchForward implements ForwardSpeed.Side {
    private static final String PROGRAM =
            """
            import sys, time, torch
            from transformers import AutoModelForCausalLM
            folder, prompt, decoded, threads = sys.argv[1], *map(int, sys.argv[2:])
            torch.set_num_threads(threads)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
            ids = torch.randint(0, model.config.vocab_size, (1, prompt + decoded))
            def prefill():
                start = time.perf_counter()
                model(ids[:, :prompt], use_cache=False)
                return time.perf_counter() - start
            def decode():
                cache = model(ids[:, :1]).past_key_values
                start = time.perf_counter()
                for i in range(decoded):
                    cache = model(ids[:, prompt + i : prompt + i + 1], past_key_values=cache).past_key_values
                return time.perf_counter() - start
            with torch.inference_mode():
                for line in sys.stdin:
                    print(prefill() if line.strip() == "prefill" else decode(), flush=True)
            """;

    private final Process process;
    private final Writer in;
    private final BufferedReader out;

    TorchForward(String python, Path folder, int prompt, int threads) throws IOException {
        process =
                new ProcessBuilder(
                                python,
                                "-c",
                                PROGRAM,
                                folder.toString(),
                                "" + prompt,
                                "" + ForwardSpeed.DECODED,
                                "" + threads)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        in = process.outputWriter(StandardCharsets.UTF_8);
        out = process.inputReader(StandardCharsets.UTF_8);
        prefill();
        decode();
    }

    @Override
    public String name() {
        return "transformers";
    }

    @Override
    public double prefill() {
        return ask("prefill");
    }

    @Override
    public double decode() {
        return ask("decode");
    }

    private double ask(String what) {
        try {
            in.write(what + "\n");
            in.flush();
            String line = out.readLine();
            if (line == null) throw new IOException("python ended: is transformers there?");
            return Double.parseDouble(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
