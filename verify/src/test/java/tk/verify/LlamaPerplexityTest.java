package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.gguf.GgufWriter;
import tk.tensor.FileRegion;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.testing.Originals;
import tk.testing.Shared;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.Tokenizer.Specials;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Perplexity and divergence on the same files and text as llama-perplexity: the same numbers. */
@Tag("interop")
class LlamaPerplexityTest {
    private static final int CONTEXT = 128;
    private static final String BASE = "--kl-divergence-base";

    @TempDir Path folder;

    @Test
    void theNumbersAreLlamaPerplexitys() throws Exception {
        Path program = Originals.program("llama-perplexity");
        Path model = Shared.path("third-party/gguf/stories260K.gguf");
        Path other = folder.resolve("other.gguf");
        Path text = folder.resolve("text.txt");
        Path stored = folder.resolve("base.kld");
        String story = Files.readString(Shared.path("third-party/gguf/stories260K.golden.txt"));
        Files.writeString(text, story.repeat(2));
        writeScaled(model, other);

        String baseRun =
                perplexity(program, "Final estimate: PPL =", "-m", model, "-f", text, BASE, stored);
        String run =
                perplexity(program, "Same top p:", "-m", other, "--kl-divergence", BASE, stored);
        try (GgufFile a = new GgufReader().open(model);
                GgufFile b = new GgufReader().open(other);
                ReferenceModel base = ReferenceModels.openGguf(a, a.gguf());
                ReferenceModel candidate = ReferenceModels.openGguf(b, b.gguf())) {
            int[] tokens =
                    GgufTokenizer.of(a.gguf())
                            .encodePrompt(Files.readString(text), Specials.AS_TEXT);
            TextChunks chunks = new TextChunks(tokens, CONTEXT, OptionalInt.of(1));

            Perplexity perplexity = Perplexity.of(base, chunks, Progress.NONE);
            double[] expected = numbers(baseRun, "Final estimate: PPL =");
            assertThat(perplexity.value()).isCloseTo(expected[0], within(2e-4));
            assertThat(perplexity.uncertainty()).isCloseTo(expected[1], within(2e-5));

            KlDivergence found = KlDivergence.of(base, candidate, chunks, Progress.NONE);
            assertThat(found.reference()).isEqualTo(perplexity);
            same(run, "Mean PPL(Q) ", found.candidate().value(), 2e-4);
            same(run, "Mean PPL(base) ", found.base().value(), 2e-4);
            same(run, "Mean ln(PPL(Q)/PPL(base))", found.logRatio(), 2e-6);
            assertThat(found.logRatioUncertainty())
                    .isCloseTo(numbers(run, "Mean ln(PPL(Q)/PPL(base))")[1], within(2e-6));
            same(run, "Cor(ln(PPL(Q)), ln(PPL(base)))", 100 * found.correlation(), 0.006);
            same(run, "Mean    KLD", found.divergence().mean(), 2e-6);
            assertThat(found.divergenceUncertainty())
                    .isCloseTo(numbers(run, "Mean    KLD")[1], within(2e-6));
            same(run, "Maximum KLD", found.divergence().max(), 2e-5);
            same(run, "99.0%   KLD", found.divergence().quantile(0.99), 2e-5);
            same(run, "Median  KLD", found.divergence().quantile(0.5), 2e-6);
            same(run, "Minimum KLD", found.divergence().quantile(0), 2e-6);
            same(run, "Mean    Δp", 100 * found.change().mean(), 2e-3);
            same(run, "Maximum Δp", 100 * found.change().max(), 2e-3);
            same(run, "25.0%   Δp", 100 * found.change().quantile(0.25), 2e-3);
            same(run, "RMS Δp ", 100 * found.changeRms(), 2e-3);
            same(run, "Same top p:", 100 * found.sameTop(), 2e-3);
        }
    }

    /**
     * What the program printed. It writes from a thread of its own and may end before the last
     * lines are out (seen once in many runs, with exit code 0): then it is run again.
     */
    private static String perplexity(Path program, String lastLine, Object... arguments)
            throws Exception {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-c", CONTEXT, "-t", 2, "-fa", "off", "-ctk", "f32", "-ctv", "f32"));
        String output = "";
        for (int attempt = 0; attempt < 5 && !output.contains(lastLine); attempt++) {
            output = Originals.run(program, all.toArray());
        }
        return output;
    }

    private static void same(String output, String label, double found, double tolerance) {
        assertThat(found).as(label).isCloseTo(numbers(output, label)[0], within(tolerance));
    }

    /** The numbers on the line with this label, after it. */
    private static double[] numbers(String output, String label) {
        // Programs' output comes as Latin-1.
        String bytes =
                new String(
                        label.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        java.nio.charset.StandardCharsets.ISO_8859_1);
        int at = output.indexOf(bytes);
        assertThat(at).as(label + " in " + output).isNotNegative();
        String line = output.substring(at + bytes.length()).lines().findFirst().orElseThrow();
        Matcher matcher = Pattern.compile("-?\\d+\\.\\d+").matcher(line);
        List<Double> found = new ArrayList<>();
        while (matcher.find()) found.add(Double.valueOf(matcher.group()));
        return found.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** The model with one matrix a little too large. */
    private static void writeScaled(Path from, Path to) {
        try (GgufFile file = new GgufReader().open(from)) {
            List<Tensor> tensors = new ArrayList<>();
            for (Tensor tensor : file.tensors().values()) {
                boolean scaled = tensor.info().name().equals("blk.1.ffn_down.weight");
                tensors.add(scaled ? new Scaled(tensor) : tensor);
            }
            new PlanWriter(1, Progress.NONE)
                    .write(
                            GgufWriter.plan(
                                    file.gguf(), new TensorMap(tensors, Map.of(), List.of()), to),
                            true);
        }
    }

    private record Scaled(Tensor original) implements Tensor {
        @Override
        public TensorInfo info() {
            return original.info();
        }

        @Override
        public void readRows(long first, long count, MemorySegment into) {
            original.readRows(first, count, into);
            for (long i = 0; i < count * info().shape().columns(); i++) {
                into.set(Scalars.LE_FLOAT, 4 * i, 1.1f * into.get(Scalars.LE_FLOAT, 4 * i));
            }
        }

        @Override
        public Optional<FileRegion> stored() {
            return Optional.empty();
        }
    }
}
