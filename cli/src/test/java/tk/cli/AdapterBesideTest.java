package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.testing.LlamaCpp;
import tk.testing.Originals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** llama.cpp with our GGUF adapter beside a base says what it says of the merged model. */
@Tag("interop")
class AdapterBesideTest {
    private static final int[] IDS =
            IntStream.concat(IntStream.of(1), new Random(1).ints(31, 3, 8000)).toArray();

    @TempDir static Path folder;

    @TestFactory
    Stream<DynamicTest> everyFamily() throws IOException, InterruptedException {
        Originals.library("");
        Originals.pythonModule("peft");
        Path cases = Files.createDirectory(folder.resolve("cases"));
        TransformersModels python = new TransformersModels(folder);
        python.run("peft_plain.py", cases, EXAMPLE.resolve("tokenizer.model"));
        try (Stream<Path> found = Files.list(cases)) {
            return found.sorted().toList().stream()
                    .map(c -> dynamicTest(c.getFileName().toString(), () -> compare(c)));
        }
    }

    private static void compare(Path files) {
        Path base = files.resolve("base");
        Path adapter = files.resolve("adapter");
        Path alone = made(files, "convert", "--dtype", "f32", base, "base.gguf");
        Path merged = made(files, "merge-lora", "-t", "f32", base, adapter, "merged.gguf");
        float[][] expected = logits(merged);
        assertThat(FamilyLogitsTest.nmse(logits(alone), expected)).isGreaterThan(1e-3);
        for (String type : List.of("f32", "f16", "bf16")) {
            Path gguf = made(files, "convert", "--dtype", type, adapter, type + ".gguf");
            try (LlamaCpp beside = new LlamaCpp(alone).beside(gguf)) {
                assertThat(FamilyLogitsTest.nmse(beside.logits(IDS), expected))
                        .as(type)
                        .isLessThan(type.equals("f32") ? 1e-9 : type.equals("f16") ? 1e-5 : 1e-3);
            }
        }
    }

    private static float[][] logits(Path gguf) {
        try (LlamaCpp model = new LlamaCpp(gguf)) {
            return model.logits(IDS);
        }
    }

    /** What a command writes to a file, the last argument. */
    private static Path made(Path files, Object... command) {
        Path path = files.resolve((String) command[command.length - 1]);
        command[command.length - 1] = path;
        Run run = tk(command);
        assertThat(run.exit()).as(run.err()).isZero();
        return path;
    }
}
