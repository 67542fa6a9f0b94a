package tk.bench;

import org.jspecify.annotations.Nullable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * torch and safetensors in a Python that has started already: it converts what it is told to. Runs
 * where {@code TK_PYTHON} is set.
 */
final class TorchServant implements AutoCloseable {
    private static final String SCRIPT =
            """
            import sys, torch, safetensors.torch as st
            print("ready", flush=True)
            for line in sys.stdin:
                source, target, dtype = line.rstrip("\\n").split("\\t")
                tensors = st.load_file(source) if source.endswith(".safetensors") else torch.load(source, mmap=True)
                if dtype != "keep":
                    tensors = {k: t.to(getattr(torch, dtype)) for k, t in tensors.items()}
                st.save_file(tensors, target)
                del tensors
                print("done", flush=True)
            """;

    private final Process process;
    private final BufferedReader answers;
    private final Writer orders;

    private TorchServant(Process process) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.orders = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts one, if there is a Python for it. */
    static Optional<TorchServant> start() throws IOException {
        @Nullable String python = System.getenv("TK_PYTHON");
        if (python == null || python.isEmpty()) return Optional.empty();
        Process process =
                new ProcessBuilder(python, "-c", SCRIPT)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        TorchServant servant = new TorchServant(process);
        servant.expect("ready");
        return Optional.of(servant);
    }

    /** Its process, for whoever counts processor time. */
    ProcessHandle handle() {
        return process.toHandle();
    }

    /**
     * Loads {@code source} and saves it as safetensors.
     *
     * @param dtype torch's name of a type, or {@code keep}
     */
    void convert(Path source, Path target, String dtype) throws IOException {
        orders.write(String.format(Locale.ROOT, "%s\t%s\t%s%n", source, target, dtype));
        orders.flush();
        expect("done");
    }

    private void expect(String answer) throws IOException {
        @Nullable String line = answers.readLine();
        if (!answer.equals(line)) throw new IOException("torch answered " + line);
    }

    @Override
    public void close() throws IOException {
        orders.close();
        answers.close();
    }
}
