package tk.verify.importance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.model.ModelSource;
import tk.quantize.FloatRows;
import tk.tensor.Tensor;
import tk.testing.Originals;
import tk.testing.Shared;
import tk.verify.OpenedModel;
import tk.verify.TextChunks;
import tk.verify.reference.ReferenceModel;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The same model, text and chunks as llama-imatrix: the same sums, and llama-quantize takes them.
 */
@Tag("interop")
class LlamaImatrixTest {
    private static final int CONTEXT = 128;

    @TempDir Path folder;

    @Test
    void theSumsAreLlamaImatrixs() throws Exception {
        Path program = Originals.program("llama-imatrix");
        Path quantizer = Originals.program("llama-quantize");
        Path model = Shared.path("third-party/gguf/stories260K.gguf");
        String story = Files.readString(Shared.path("third-party/gguf/stories260K.golden.txt"));
        Path text = Files.writeString(folder.resolve("text.txt"), story.repeat(3) + "\n");
        Path theirs = folder.resolve("theirs.gguf");
        Path ours = folder.resolve("ours.gguf");
        Originals.run(
                program,
                "-m",
                model,
                "-f",
                text,
                "-o",
                theirs,
                "-c",
                CONTEXT,
                "-t",
                2,
                "-fa",
                "off",
                "-ctk",
                "f32",
                "-ctv",
                "f32",
                "--process-output");

        try (ModelSource source = ModelSource.open(model, ModelSource.Options.NONE);
                ReferenceModel forward = OpenedModel.of(source).model(2)) {
            TextChunks chunks =
                    TextChunks.of(
                            OpenedModel.of(source).vocabulary(),
                            Files.readString(text),
                            forward.vocabularySize(),
                            CONTEXT,
                            0);
            ImportanceMeasurement found =
                    ImportanceMeasurement.of(
                            forward,
                            chunks,
                            new ImportanceMeasurement.Options(true, false),
                            Progress.NONE);
            new PlanWriter(1, Progress.NONE).write(found.plan(ours, text.toString()), false);
        }
        compare(ours, theirs);

        String output =
                Originals.run(
                        quantizer,
                        "--imatrix",
                        ours,
                        model,
                        folder.resolve("quantized.gguf"),
                        "Q4_0");
        assertThat(output).contains("loaded 36 importance matrix entries");
    }

    private static void compare(Path ours, Path theirs) {
        GgufReader reader = new GgufReader();
        try (GgufFile a = reader.open(ours);
                GgufFile b = reader.open(theirs)) {
            for (String key : new String[] {"general.type", "imatrix.datasets"}) {
                assertThat(a.gguf().get(key)).isEqualTo(b.gguf().get(key));
            }
            for (String key : new String[] {"imatrix.chunk_count", "imatrix.chunk_size"}) {
                assertThat(a.gguf().integer(key)).isEqualTo(b.gguf().integer(key));
            }
            int compared = 0;
            for (Tensor expected : b.tensors().values()) {
                String name = expected.info().name();
                // Figures for people, which the sums hold already.
                if (name.endsWith(".stats")) continue;
                Tensor found = a.tensors().get(name);
                assertThat(found).as(name).isNotNull();
                assertThat(found.info()).isEqualTo(expected.info());
                float[] x = floats(found);
                float[] y = floats(expected);
                double largest = 0;
                for (float v : y) largest = Math.max(largest, Math.abs(v));
                for (int i = 0; i < x.length; i++) {
                    double scale = name.endsWith(".in_sum") ? largest : Math.abs(y[i]);
                    assertThat((double) x[i]).as(name).isCloseTo(y[i], within(1e-5 * scale));
                }
                compared++;
            }
            assertThat(compared).isEqualTo(a.tensors().size());
        }
    }

    private static float[] floats(Tensor tensor) {
        float[] values = new float[(int) tensor.info().shape().elements()];
        FloatRows.read(tensor, 0, 1, values);
        return values;
    }
}
