package tk.testing;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The originals that interop tests compare with. Environment variables say where they are; a test
 * skips, saying so, where one is not set.
 *
 * <ul>
 *   <li>{@code TK_LLAMACPP_BIN}: a folder of llama.cpp's programs ({@code llama-quantize}, …)
 *   <li>{@code TK_LLAMACPP_LIB}: a folder of its libraries ({@code libggml-base.so}, {@code
 *       libllama.so})
 *   <li>{@code TK_PYTHON}: a python with torch, transformers and safetensors
 *   <li>{@code TK_CONVERT_HF_TO_GGUF}: llama.cpp's converter as a program
 *   <li>{@code TK_CONVERT_SCRIPT}, optional: {@code convert_hf_to_gguf.py} itself, to convert many
 *       models in one process; {@code PYTHONPATH} says where its modules are
 *   <li>{@code TK_LLAMA3_TOKENIZER}: a folder with Llama 3.1's {@code tokenizer.json} and {@code
 *       tokenizer_config.json}
 *   <li>{@code TK_TOKENIZERS}: a folder of npm packages {@code tokenizer-NAME} with the same of
 *       other models
 * </ul>
 */
public final class Originals {
    private Originals() {}

    /** One of llama.cpp's programs. */
    public static Path program(String name) {
        return existing("TK_LLAMACPP_BIN", name);
    }

    /** One of llama.cpp's libraries. */
    public static Path library(String name) {
        return existing("TK_LLAMACPP_LIB", name);
    }

    /** A python with torch, transformers and safetensors. */
    public static Path python() {
        return existing("TK_PYTHON", "");
    }

    /** Skips the test where that python lacks a module. */
    public static void pythonModule(String name) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(python().toString(), "-c", "import " + name)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        int exit = process.waitFor();
        Assumptions.assumeTrue(exit == 0, () -> "TK_PYTHON has no module " + name);
    }

    /** llama.cpp's converter. */
    public static Path converter() {
        return existing("TK_CONVERT_HF_TO_GGUF", "");
    }

    /** llama.cpp's converter as a script, where it is set. */
    public static Optional<Path> converterScript() {
        return Optional.ofNullable(System.getenv("TK_CONVERT_SCRIPT"))
                .filter(value -> !value.isEmpty())
                .map(Path::of);
    }

    /** A folder with Llama 3.1's own tokenizer. */
    public static Path llama31Tokenizer() {
        return existing("TK_LLAMA3_TOKENIZER", "");
    }

    /** A folder with the tokenizer of a model: {@code llama3_1}, {@code qwen3}, … */
    public static Path tokenizer(String model) {
        return existing("TK_TOKENIZERS", "tokenizer-" + model + "/models");
    }

    private static Path existing(String variable, String name) {
        @Nullable String value = System.getenv(variable);
        Assumptions.assumeTrue(value != null && !value.isEmpty(), () -> variable + " is not set");
        Path path = Path.of(String.valueOf(value)).resolve(name);
        Assumptions.assumeTrue(
                Files.exists(path), () -> path + " does not exist (" + variable + ")");
        return path;
    }

    /** What a program printed (both streams), having exited with 0. */
    public static String run(Path program, Object... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        for (Object argument : arguments) command.add(argument.toString());
        Path log = Files.createTempFile("tk-original", ".log");
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            process.getOutputStream().close();
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IOException(command + " did not end within five minutes");
            }
            String output = Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1);
            if (process.exitValue() != 0) {
                throw new IOException(
                        command + " exited with " + process.exitValue() + ":\n" + output);
            }
            return output;
        } finally {
            Files.delete(log);
        }
    }
}
