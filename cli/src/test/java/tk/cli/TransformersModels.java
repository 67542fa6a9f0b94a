package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.testing.Originals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Small models that python's libraries make, and what these libraries and convert_hf_to_gguf make
 * of folders: many in one process, since each takes seconds to start.
 */
final class TransformersModels {
    private final Path folder;

    /**
     * Models in a folder.
     *
     * @param folder where scripts and models go
     */
    TransformersModels(Path folder) {
        this.folder = folder;
    }

    /** Runs one of the scripts that lie beside this class. */
    void run(String script, Object... arguments) throws IOException, InterruptedException {
        Path file = folder.resolve(script);
        if (!Files.exists(file)) {
            try (InputStream in = TransformersModels.class.getResourceAsStream(script)) {
                Files.copy(Objects.requireNonNull(in), file);
            }
        }
        List<Object> all = new ArrayList<>(List.of(file));
        all.addAll(Arrays.asList(arguments));
        Originals.run(Originals.python(), all.toArray());
    }

    /** The models that a script makes, by name. */
    List<Path> made(String script) throws IOException, InterruptedException {
        Path models = folder.resolve(script.replace(".py", ""));
        run(script, models);
        try (Stream<Path> entries = Files.list(models)) {
            return entries.filter(Files::isDirectory).sorted().toList();
        }
    }

    /**
     * A conversion by either side.
     *
     * @param model the folder
     * @param type as both call it
     * @param own what tk wrote
     * @param original what convert_hf_to_gguf writes
     */
    record Conversion(Path model, String type, Path own, Path original) {
        static Conversion of(Path model, String type, Path target) {
            String stem = model.getFileName() + "-" + type;
            return new Conversion(
                    model,
                    type,
                    target.resolve(stem + ".gguf"),
                    target.resolve(stem + "-original.gguf"));
        }

        CommandLineTest.Run byTk() {
            return CommandLineTest.tk("convert", "--dtype", type, model, own);
        }

        /** Whether a folder's name says that llama.cpp knows no such tokenizer. */
        boolean isUnknown() {
            return model.getFileName().toString().startsWith("unknown");
        }
    }

    /**
     * Converts with convert_hf_to_gguf. It knows a byte-level tokenizer by a table of published
     * ones; the name that tk recognised is given to it instead, which takes its script.
     */
    void byTheOriginal(List<Conversion> conversions) throws IOException, InterruptedException {
        Optional<Path> script = Originals.converterScript();
        List<Object> jobs = new ArrayList<>();
        for (Conversion conversion : conversions) {
            if (script.isEmpty()) {
                oneByTheOriginal(conversion);
                continue;
            }
            Map<String, Object> job = new LinkedHashMap<>();
            job.put("model", conversion.model().toString());
            job.put("outfile", conversion.original().toString());
            job.put("outtype", conversion.type());
            job.put(
                    "pre",
                    preTokenizer(conversion.own()).<Object>map(n -> n).orElse(JsonNull.NULL));
            jobs.add(job);
        }
        if (script.isEmpty()) return;
        Path list = folder.resolve("jobs.json");
        Files.writeString(list, JsonText.PRETTY.write(JsonValue.of(jobs)));
        run("convert_models.py", script.get(), list);
    }

    private static void oneByTheOriginal(Conversion conversion)
            throws IOException, InterruptedException {
        try {
            Originals.run(
                    Originals.converter(),
                    conversion.model(),
                    "--outfile",
                    conversion.original(),
                    "--outtype",
                    conversion.type());
        } catch (IOException e) {
            Files.writeString(
                    conversion
                            .original()
                            .resolveSibling(conversion.original().getFileName() + ".error"),
                    String.valueOf(e.getMessage()));
        }
    }

    /** The name in a file of a byte-level tokenizer. */
    private static Optional<String> preTokenizer(Path gguf) throws IOException {
        if (!Files.exists(gguf)) return Optional.empty();
        try (GgufFile file = new GgufReader().open(gguf)) {
            assertThat(file.gguf().string("tokenizer.ggml.model")).isPresent();
            boolean byteLevel =
                    file.gguf().string("tokenizer.ggml.model").equals(Optional.of("gpt2"));
            return byteLevel ? file.gguf().string("tokenizer.ggml.pre") : Optional.empty();
        }
    }
}
