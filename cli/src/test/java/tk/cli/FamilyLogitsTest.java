package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.model.ModelSource;
import tk.tensor.Tensor;
import tk.testing.LlamaCpp;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One model, five computations: transformers' on the folder it made, ours on that folder, ours and
 * llama.cpp's on the GGUF file, transformers' on the folder that is made of the GGUF file again. On
 * a short text and on one that is longer than the model's context.
 */
@Tag("interop")
class FamilyLogitsTest {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What llama.cpp cannot do: on the longer text it computes another model. */
    private static final Set<String> OTHERWISE_LONG =
            Set.of("dynamic", "dynamic-new-spelling", "mistral");

    /** YaRN with an attention factor or betas of its own, which llama.cpp doesn't look at. */
    private static final Set<String> OTHERWISE = Set.of("yarn");

    private static final List<int[]> PROMPTS = List.of(ids(12), ids(300));

    /** Names of quantizations by the model they are tried on; the rest are mixtures of these. */
    private static final Map<String, List<String>> QUANTIZATIONS =
            Map.of(
                    "wide-llama",
                    List.of(
                            "q2_K", "q3_K_M", "q4_0", "q4_1", "q4_K_M", "q5_0", "q5_1", "q5_K_M",
                            "q6_K", "q8_0", "iq4_nl", "iq4_xs"),
                    "wide-qwen2",
                    List.of("q4_K_M", "q8_0"),
                    "wide-qwen3",
                    List.of("q4_K_M", "iq4_xs"));

    @TempDir static Path folder;

    private static int[] ids(int length) {
        return IntStream.concat(IntStream.of(1), new Random(length).ints(length - 1L, 3, 300))
                .toArray();
    }

    @TestFactory
    Stream<DynamicTest> everyFamilyAndScaling() throws IOException, InterruptedException {
        TransformersModels python = new TransformersModels(folder);
        List<Path> models = python.made("make_models.py");
        List<Path> all = new ArrayList<>(models);
        for (Path model : models) {
            String name = name(model);
            CommandLineTest.Run run = tk("convert", "--dtype", "f32", model, gguf(name));
            assertThat(run.exit()).as(name + run.err()).isZero();
            run = tk("convert", gguf(name), again(name));
            assertThat(run.exit()).as(name + run.err()).isZero();
            all.add(again(name));
        }
        computed(python, all);
        return models.stream().map(m -> dynamicTest(name(m), () -> compare(m)));
    }

    /** Blocks are made scalars again and rows put back: transformers computes what we do. */
    @TestFactory
    Stream<DynamicTest> everyQuantizationComesBack() throws IOException, InterruptedException {
        TransformersModels python = new TransformersModels(folder);
        Path models = folder.resolve("make_models");
        if (!Files.exists(models)) python.made("make_models.py");
        List<Path> all = new ArrayList<>();
        List<DynamicTest> tests = new ArrayList<>();
        for (Map.Entry<String, List<String>> entry : QUANTIZATIONS.entrySet()) {
            Path whole = folder.resolve(entry.getKey() + "-whole.gguf");
            CommandLineTest.Run run =
                    tk("convert", "--dtype", "f32", models.resolve(entry.getKey()), whole);
            assertThat(run.exit()).as(run.err()).isZero();
            for (String type : entry.getValue()) {
                String name = entry.getKey() + "-" + type;
                run = tk("quantize", whole, gguf(name), type);
                assertThat(run.exit()).as(name + run.err()).isZero();
                run = tk("convert", gguf(name), again(name));
                assertThat(run.exit()).as(name + run.err()).isZero();
                all.add(again(name));
                tests.add(dynamicTest(name, () -> compareQuantized(name)));
            }
        }
        computed(python, all);
        return tests.stream();
    }

    private static void compareQuantized(String name) throws IOException {
        for (int prompt = 0; prompt < PROMPTS.size(); prompt++) {
            float[][] blocks = referenceOfGguf(gguf(name), PROMPTS.get(prompt));
            assertThat(nmse(transformers(again(name), prompt), blocks)).isLessThan(1e-9);
        }
    }

    @TestFactory
    Stream<DynamicTest> llama1AsMetaReleasedIt() throws IOException, InterruptedException {
        TransformersModels python = new TransformersModels(folder);
        Path made = folder.resolve("llama1");
        python.run("make_meta.py", made);
        List<Path> all = new ArrayList<>(List.of(made.resolve("hf")));
        for (String shards : List.of("1", "2")) {
            Path meta = made.resolve("meta").resolve(shards);
            CommandLineTest.Run run = tk("convert", meta, again("meta-" + shards));
            assertThat(run.exit()).as(run.err()).isZero();
            run = tk("convert", "--dtype", "f32", meta, gguf("meta-" + shards));
            assertThat(run.exit()).as(run.err()).isZero();
            all.add(again("meta-" + shards));
        }
        computed(python, all);
        return Stream.of("1", "2")
                .map(shards -> dynamicTest(shards + " shards", () -> compareMeta(made, shards)));
    }

    private static void compareMeta(Path made, String shards) throws IOException {
        String name = "meta-" + shards;
        for (int prompt = 0; prompt < PROMPTS.size(); prompt++) {
            float[][] torch = transformers(made.resolve("hf"), prompt);
            assertThat(maximum(transformers(again(name), prompt), torch)).isZero();
            float[][] llama;
            try (LlamaCpp original = new LlamaCpp(gguf(name))) {
                llama = original.logits(PROMPTS.get(prompt));
            }
            assertThat(nmse(llama, torch)).isLessThan(1e-6);
            assertThat(maximum(referenceOfGguf(gguf(name), PROMPTS.get(prompt)), torch))
                    .isLessThan(1e-3);
        }
        try (GgufFile file = new GgufReader().open(gguf(name))) {
            assertThat(file.gguf().integer("llama.context_length")).hasValue(2048);
        }
    }

    static void computed(TransformersModels python, List<Path> folders)
            throws IOException, InterruptedException {
        Path prompts = folder.resolve("prompts.json");
        Files.writeString(prompts, PROMPTS.stream().map(Arrays::toString).toList().toString());
        List<Object> arguments = new ArrayList<>(List.of(prompts));
        arguments.addAll(folders);
        python.run("folder_logits.py", arguments.toArray());
    }

    private static String name(Path model) {
        return model.getFileName().toString();
    }

    private static Path gguf(String name) {
        return folder.resolve(name + ".gguf");
    }

    private static Path again(String name) {
        return folder.resolve("again-" + name);
    }

    private static void compare(Path model) throws IOException {
        String name = name(model);
        for (int prompt = 0; prompt < PROMPTS.size(); prompt++) {
            int[] ids = PROMPTS.get(prompt);
            String what = "text of " + ids.length;
            float[][] torch = transformers(model, prompt);
            float[][] ours = reference(model, ids);
            assertThat(maximum(ours, torch)).as(what + ", ours on the folder").isLessThan(1e-3);
            float[][] converted = referenceOfGguf(gguf(name), ids);
            float[][] llama;
            try (LlamaCpp original = new LlamaCpp(gguf(name))) {
                llama = original.logits(ids);
            }
            assertThat(nmse(converted, llama)).as(what + ", llama.cpp").isLessThan(1e-6);
            boolean same =
                    !OTHERWISE.contains(name) && (prompt == 0 || !OTHERWISE_LONG.contains(name));
            if (same) {
                assertThat(nmse(llama, torch)).as(what + ", GGUF and folder").isLessThan(1e-6);
            } else {
                assertThat(nmse(llama, torch)).as(what + ", told of").isGreaterThan(1e-6);
            }
            if (!OTHERWISE_LONG.contains(name) || prompt == 0) {
                float[][] again = transformers(again(name), prompt);
                assertThat(maximum(again, torch)).as(what + ", there and back").isLessThan(1e-5);
            }
        }
    }

    private static float[][] transformers(Path model, int prompt) throws IOException {
        try (var logits =
                new tk.safetensors.SafetensorsReader().open(model.resolve("logits.safetensors"))) {
            Tensor tensor = logits.tensors().get(Integer.toString(prompt));
            assertThat(tensor).isNotNull();
            byte[] bytes = new byte[Math.toIntExact(tensor.info().byteSize())];
            MemorySegment values = MemorySegment.ofArray(bytes);
            tensor.readRows(0, tensor.info().shape().rows(), values);
            int columns = (int) tensor.info().shape().columns();
            float[][] rows = new float[(int) tensor.info().shape().rows()][columns];
            for (int r = 0; r < rows.length; r++) {
                for (int c = 0; c < columns; c++) {
                    rows[r][c] = values.get(FLOAT, 4L * ((long) r * columns + c));
                }
            }
            return rows;
        }
    }

    private static float[][] reference(Path model, int[] ids) {
        try (ModelSource source = ModelSource.open(model, ModelSource.Options.NONE);
                ReferenceModel reference =
                        ReferenceModels.open(source.weights(), source.requireConfig())) {
            return logits(reference, ids);
        }
    }

    static float[][] referenceOfGguf(Path gguf, int[] ids) throws IOException {
        try (GgufFile file = new GgufReader().open(gguf);
                ReferenceModel reference = ReferenceModels.openGguf(file, file.gguf())) {
            return logits(reference, ids);
        }
    }

    private static float[][] logits(ReferenceModel model, int[] ids) {
        float[][] rows = new float[ids.length][];
        model.logits(ids, 0, (position, row) -> rows[position] = row.clone());
        return rows;
    }

    private static double maximum(float[][] a, float[][] b) {
        double maximum = 0;
        for (int r = 0; r < b.length; r++) {
            for (int c = 0; c < b[r].length; c++) {
                maximum = Math.max(maximum, Math.abs(a[r][c] - b[r][c]));
            }
        }
        return maximum;
    }

    static double nmse(float[][] a, float[][] b) {
        double error = 0;
        double power = 0;
        for (int r = 0; r < b.length; r++) {
            for (int c = 0; c < b[r].length; c++) {
                double difference = (double) a[r][c] - b[r][c];
                error += difference * difference;
                power += (double) b[r][c] * b[r][c];
            }
        }
        return error / power;
    }
}
