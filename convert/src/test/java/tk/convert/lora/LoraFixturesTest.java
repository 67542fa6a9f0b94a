package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import tk.checkpoint.Checkpoint;
import tk.convert.gguf.OutType;
import tk.convert.route.ConvertOptions;
import tk.convert.route.LoraMerge;
import tk.convert.route.ToHf;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.safetensors.SafetensorsReader;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** PEFT's own merges of 23 adapters, on their bases. */
final class LoraFixturesTest {
    @TestFactory
    Stream<DynamicTest> mergesAsPeftDoes() throws IOException {
        Path folder = Shared.path("fixtures/lora/adapters");
        try (Stream<Path> adapters = Files.list(folder)) {
            return adapters.sorted().toList().stream()
                    .map(a -> DynamicTest.dynamicTest(a.getFileName().toString(), () -> merge(a)));
        }
    }

    private static void merge(Path adapter) throws IOException {
        String name = adapter.getFileName().toString().replaceFirst("_bin$", "");
        Path expected = Shared.path("fixtures/lora/expected").resolve(name);
        JsonObject report = Json.readObject(expected.resolve("report.json"));
        Path base = Shared.path("fixtures/lora").resolve(report.string("base").orElseThrow());

        try (LoraMerge merge = merged(base, adapter)) {
            prove(merge);
            ToHf written = ToHf.of(merge.source(), ConvertOptions.DEFAULT);
            compare(expected.resolve("merged_changed_tensors.safetensors"), base, written, 1e-6);
            assertThat(written.contents().config().tiedEmbeddings())
                    .isEqualTo(report.bool("config_tie_word_embeddings_after_merge").orElseThrow());
            assertThat((long) written.contents().config().vocabSize())
                    .isEqualTo(report.number("vocab_after").orElseThrow().asLong().orElseThrow());
        }
        for (OutType type : List.of(OutType.F16, OutType.BF16)) {
            String dtype = type == OutType.F16 ? "float16" : "bfloat16";
            Path exact = expected.resolve("merged_changed_tensors_base_" + dtype + ".safetensors");
            if (Files.exists(exact)) compareNarrow(base, adapter, type, exact);
        }
    }

    private static LoraMerge merged(Path base, Path adapter) {
        return LoraMerge.of(
                ModelSource.open(base, ModelSource.Options.NONE),
                List.of(adapter),
                LoraMerge.How.AS_PEFT,
                ConvertOptions.DEFAULT);
    }

    private static void prove(LoraMerge merge) {
        MergeProof proof = MergeProof.of(merge.merge(), merge.source().weights());
        if (Boolean.getBoolean("tk.show")) {
            System.out.println(proof.summary());
            proof.farthest().forEach(System.out::println);
        }
        proof.require();
        assertThat(proof.warnings()).isEmpty();
    }

    /** Merges into the base as 16-bit floats: to the bit. */
    private static void compareNarrow(Path base, Path adapter, OutType type, Path exact)
            throws IOException {
        Path narrow = Files.createTempDirectory("tk-lora").resolve("base");
        try (ModelSource wide = ModelSource.open(base, ModelSource.Options.NONE)) {
            ConvertOptions options = ConvertOptions.DEFAULT.withType(type);
            new tk.checkpoint.PlanWriter(1, tk.checkpoint.Progress.NONE)
                    .write(ToHf.of(wide, options).plan(options, narrow), false);
        }
        try (LoraMerge merge = merged(narrow, adapter)) {
            prove(merge);
            compare(exact, narrow, ToHf.of(merge.source(), ConvertOptions.DEFAULT), 0);
        }
    }

    private static void compare(Path expected, Path base, ToHf written, double tolerance) {
        List<String> wrong = new ArrayList<>();
        try (Checkpoint changed = new SafetensorsReader().open(expected);
                ModelSource original = ModelSource.open(base, ModelSource.Options.NONE)) {
            Map<String, Tensor> merged = written.weights().tensors();
            changed.tensors()
                    .forEach(
                            (tensor, values) -> {
                                if (!merged.containsKey(tensor)) wrong.add(tensor + " is missing");
                                else
                                    difference(
                                            tensor, values, merged.get(tensor), tolerance, wrong);
                            });
            merged.forEach(
                    (tensor, values) -> {
                        if (changed.tensors().containsKey(tensor)) return;
                        difference(
                                tensor, original.weights().tensors().get(tensor), values, 0, wrong);
                    });
        }
        assertThat(wrong).isEmpty();
    }

    private static void difference(
            String name, Tensor a, Tensor b, double tolerance, List<String> wrong) {
        if (a == null) {
            wrong.add(name + " was not there");
            return;
        }
        if (!a.info().shape().equals(b.info().shape()) || a.info().dtype() != b.info().dtype()) {
            wrong.add(name + ": " + a.info() + " and " + b.info());
            return;
        }
        float[] x = LowRank.values(a);
        float[] y = LowRank.values(b);
        double most = 0;
        int differing = 0;
        for (int i = 0; i < x.length; i++) {
            double d = Math.abs((double) x[i] - y[i]);
            if (!(d == 0)) differing++;
            most = d > most || Double.isNaN(d) ? d : most;
        }
        if (!(most <= tolerance))
            wrong.add(name + ": max abs " + most + ", " + differing + " of " + x.length);
        if (Boolean.getBoolean("tk.show") && most > 0)
            System.out.println(name + ": max abs " + most + ", " + differing + " of " + x.length);
        assertThat(a.info().dtype()).isNotEqualTo(DType.F64);
    }
}
