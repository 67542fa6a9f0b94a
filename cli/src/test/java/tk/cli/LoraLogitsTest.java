package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import tk.checkpoint.Checkpoint;
import tk.convert.route.ConvertOptions;
import tk.convert.route.LoraMerge;
import tk.json.Json;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.safetensors.SafetensorsReader;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.testing.Shared;
import tk.verify.adapter.MergeLogits;
import tk.verify.reference.Adaptation.Beside;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What merged models, and bases with adapters beside them, compute, against what PEFT's computed.
 */
class LoraLogitsTest {
    @TestFactory
    Stream<DynamicTest> logitsAreThoseOfPeftsMerge() throws IOException {
        Path folder = Shared.path("fixtures/lora/adapters");
        try (Stream<Path> adapters = Files.list(folder)) {
            return adapters.sorted().toList().stream()
                    .map(a -> DynamicTest.dynamicTest(a.getFileName().toString(), () -> check(a)));
        }
    }

    private static void check(Path adapter) {
        String name = adapter.getFileName().toString().replaceFirst("_bin$", "");
        Path expected = Shared.path("fixtures/lora/expected").resolve(name);
        JsonObject report = Json.readObject(expected.resolve("report.json"));
        String base = report.string("base").orElseThrow();
        double peft =
                report.number("max_abs_logit_diff_unmerged_vs_merged")
                        .map(JsonNumber::asDouble)
                        .orElse(0.0);
        ModelSource source =
                ModelSource.open(
                        Shared.path("fixtures/lora").resolve(base), ModelSource.Options.NONE);
        try (LoraMerge merge =
                        LoraMerge.of(
                                source,
                                List.of(adapter),
                                LoraMerge.How.AS_PEFT,
                                ConvertOptions.DEFAULT);
                Checkpoint logits =
                        new SafetensorsReader()
                                .open(expected.resolve("logits_merged.safetensors"));
                ReferenceModel model =
                        ReferenceModels.open(
                                merge.source().weights(), merge.source().requireConfig(), 1);
                ReferenceModel unmerged =
                        ReferenceModels.open(
                                source.weights(),
                                source.requireConfig(),
                                ReferenceModels.Options.standard()
                                        .withAdapters(
                                                new Beside(
                                                        AdapterProof.adaptations(merge.merge()),
                                                        !model.hasOwnHead())))) {
            assertThat(difference(model, logits)).isPositive().isLessThan(1e-4);
            // 2.47 where a LoRA on a tied embedding changes the head only once it is merged.
            assertThat(difference(unmerged, logits)).isCloseTo(peft, offset(1e-4));
            MergeLogits said =
                    MergeLogits.of(
                            source, merge.source(), AdapterProof.adaptations(merge.merge()), 1);
            assertThat(said.pass()).isTrue();
            assertThat(said.shared()).isEqualTo(peft > 1);
            assertThat(said.moved().maxAbs()).isGreaterThan(1e-3);
        }
    }

    private static double difference(ReferenceModel model, Checkpoint logits) {
        double most = 0;
        for (int prompt = 0; logits.tensors().containsKey("ids." + prompt); prompt++) {
            int[] ids = ids(logits.tensors().get("ids." + prompt));
            double own = difference(model, ids, logits.tensors().get("logits." + prompt));
            if (!(own <= most)) most = own;
        }
        return most;
    }

    private static double difference(ReferenceModel model, int[] ids, Tensor expected) {
        MemorySegment bytes = bytes(expected);
        int vocabulary = model.vocabularySize();
        double[] most = new double[1];
        model.logits(
                ids,
                0,
                (position, found) -> {
                    for (int i = 0; i < vocabulary; i++) {
                        long at = 4L * ((long) position * vocabulary + i);
                        double d = Math.abs(found[i] - bytes.get(Scalars.LE_FLOAT, at));
                        if (!(d <= most[0])) most[0] = d;
                    }
                });
        return most[0];
    }

    private static int[] ids(Tensor tensor) {
        MemorySegment bytes = bytes(tensor);
        int[] ids = new int[Math.toIntExact(tensor.info().shape().elements())];
        for (int i = 0; i < ids.length; i++) ids[i] = (int) bytes.get(Scalars.LE_LONG, 8L * i);
        return ids;
    }

    private static MemorySegment bytes(Tensor tensor) {
        MemorySegment bytes =
                MemorySegment.ofArray(new byte[Math.toIntExact(tensor.info().byteSize())]);
        tensor.readRows(0, tensor.info().shape().rows(), bytes);
        return bytes;
    }
}
