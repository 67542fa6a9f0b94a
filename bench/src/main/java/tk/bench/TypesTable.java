package tk.bench;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.gguf.GgufWriter;
import tk.quantize.FileType;
import tk.quantize.Quantization;
import tk.quantize.QuantizeOptions;
import tk.verify.Perplexity;
import tk.verify.TextChunks;
import tk.verify.difference.ModelDifference;
import tk.verify.difference.ValueDifference;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;
import tk.verify.tokens.Vocabulary;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What each type makes of a model, as a table: {@code TypesTable F32.GGUF TEXT CONTEXT [TYPE…]}.
 * Where {@code TK_LLAMACPP_LIB} is set, also how fast the vector kernel of the type is beside
 * ggml's, each by the time of one thread.
 */
final class TypesTable {
    private TypesTable() {}

    public static void main(String[] args) throws IOException {
        List<FileType> types =
                args.length > 3
                        ? Arrays.stream(args).skip(3).map(FileType::named).toList()
                        : Arrays.stream(FileType.values())
                                .filter(type -> type != FileType.Q2_K_S) // needs importance
                                .toList();
        System.out.println(
                "| type | bits a weight | MiB | RMSE | perplexity | kernel, times ggml |");
        System.out.println("|---|---|---|---|---|---|");
        try (GgufFile source = new GgufReader().open(Path.of(args[0]))) {
            // In one line: a vocabulary without byte pieces may have no token for a line's end.
            String text = String.join(" ", Files.readAllLines(Path.of(args[1])));
            for (FileType type : types) row(source, text, Integer.parseInt(args[2]), type);
        }
    }

    private static void row(GgufFile source, String text, int context, FileType type)
            throws IOException {
        Quantization quantization =
                Quantization.of(source.gguf(), source, QuantizeOptions.of(type));
        Path folder = Files.createTempDirectory("types");
        Path file = folder.resolve("quantized.gguf");
        new PlanWriter(2, Progress.NONE)
                .write(
                        GgufWriter.plan(quantization.metadata(), quantization.weights(), file),
                        false);
        try (GgufFile quantized = new GgufReader().open(file)) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.2f | %.1f | %.2g | %s | %s |%n",
                    type.display(),
                    quantization.bitsPerWeight(),
                    Files.size(file) / 1048576.0,
                    rmse(source, quantized),
                    perplexity(quantized, text, context),
                    speed(type));
        } finally {
            Files.delete(file);
            Files.delete(folder);
        }
    }

    /** Over all weights. */
    private static double rmse(GgufFile source, GgufFile quantized) {
        double squares = 0;
        double weights = 0;
        for (ValueDifference loss : ModelDifference.ofValues(source, quantized, 2, Progress.NONE)) {
            double rmse = loss.rmse().orElseThrow();
            long elements = loss.b().shape().elements();
            squares += rmse * rmse * elements;
            weights += elements;
        }
        return Math.sqrt(squares / weights);
    }

    private static String perplexity(GgufFile file, String text, int context) {
        try (ReferenceModel model = ReferenceModels.openGguf(file, file.gguf())) {
            TextChunks chunks =
                    TextChunks.of(
                            Vocabulary.of(file.gguf()), text, model.vocabularySize(), context, 0);
            Perplexity found = Perplexity.of(model, chunks, Progress.NONE);
            return String.format(Locale.ROOT, "%.2f", found.value());
        }
    }

    private static String speed(FileType type) {
        if (System.getenv("TK_LLAMACPP_LIB") == null || !type.defaultType().isBlock()) return "";
        return String.format(Locale.ROOT, "%.1f", QuantizeKernels.timesGgml(type.defaultType()));
    }
}
