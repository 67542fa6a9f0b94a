package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.model.ModelSource;
import tk.quantize.ImportanceMatrices;
import tk.quantize.ImportanceMatrix;
import tk.tensor.DType;
import tk.verify.importance.ImportanceMeasurement;
import tk.verify.reference.ReferenceModel;

import java.nio.file.Path;
import java.util.OptionalInt;

class ImportanceTest {
    private static final int CONTEXT = 8;

    @TempDir Path folder;

    /** The first layer's attention sees the normed embedding, which is computed here by hand. */
    @Test
    void measuresWhatTheMatricesSee() {
        TinyModel model = TinyModel.llama();
        int[] tokens = {1, 5, 9, 40, 41, 42, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19, 20};
        ImportanceMatrix found = measure(model, tokens, false);
        assertThat(found.chunks()).isEqualTo(2);
        assertThat(found.dataset()).contains("some.txt");
        assertThat(found.entries()).hasSize(7 * TinyModel.LAYERS + 1);

        float[] embedding = model.weights().get("model.embed_tokens.weight");
        float[] norm = model.weights().get("model.layers.0.input_layernorm.weight");
        double[] expected = new double[TinyModel.HIDDEN];
        for (int t = 0; t < 2 * CONTEXT; t++) {
            int token = t % CONTEXT == 0 ? 1 : tokens[t];
            double mean = 0;
            for (int i = 0; i < TinyModel.HIDDEN; i++) {
                double x = embedding[token * TinyModel.HIDDEN + i];
                mean += x * x / TinyModel.HIDDEN;
            }
            for (int i = 0; i < TinyModel.HIDDEN; i++) {
                double x = embedding[token * TinyModel.HIDDEN + i] * (double) norm[i];
                expected[i] += x * x / (mean + 1e-5) / (2 * CONTEXT);
            }
        }
        for (String name : new String[] {"attn_q", "attn_k", "attn_v"}) {
            float[] weights = found.entries().get("blk.0." + name + ".weight").weights()[0];
            for (int i = 0; i < expected.length; i++) {
                assertThat((double) weights[i])
                        .isCloseTo(expected[i], within(1e-5 * expected[i] + 1e-9));
            }
        }
    }

    @Test
    void measuresTheSameWithPerplexity() {
        TinyModel model = TinyModel.llama();
        int[] tokens = {1, 5, 9, 40, 41, 42, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19};
        ImportanceMatrix without = measure(model, tokens, false);
        ImportanceMatrix with = measure(model, tokens, true);
        without.entries()
                .forEach(
                        (name, entry) ->
                                assertThat(with.entries().get(name).weights()[0])
                                        .containsExactly(entry.weights()[0]));
    }

    private ImportanceMatrix measure(TinyModel model, int[] tokens, boolean perplexity) {
        String name = perplexity ? "with" : "without";
        Path input = model.write(folder.resolve(name), DType.F32);
        Path file = folder.resolve(name + ".gguf");
        try (ModelSource source = ModelSource.open(input, ModelSource.Options.NONE);
                ReferenceModel forward = OpenedModel.of(source).model(2)) {
            ImportanceMeasurement found =
                    ImportanceMeasurement.of(
                            forward,
                            new TextChunks(tokens, CONTEXT, OptionalInt.of(1)),
                            new ImportanceMeasurement.Options(true, perplexity),
                            Progress.NONE);
            assertThat(found.perplexity().isPresent()).isEqualTo(perplexity);
            assertThat(found.tokens()).isEqualTo(2 * CONTEXT);
            new PlanWriter(1, Progress.NONE).write(found.plan(file, "some.txt"), false);
        }
        return ImportanceMatrices.read(file);
    }
}
