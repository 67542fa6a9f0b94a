package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import tk.checkpoint.Checkpoint;
import tk.convert.route.ConvertOptions;
import tk.convert.route.LoraMerge;
import tk.json.Json;
import tk.model.ModelSource;
import tk.safetensors.SafetensorsReader;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.testing.Shared;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What merged models compute, against what PEFT's merged models computed. */
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
        String base = Json.readObject(expected.resolve("report.json")).string("base").orElseThrow();
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
                                merge.source().weights(), merge.source().requireConfig(), 1)) {
            double most = 0;
            for (int prompt = 0; logits.tensors().containsKey("ids." + prompt); prompt++) {
                int[] ids = ids(logits.tensors().get("ids." + prompt));
                most =
                        Math.max(
                                most,
                                difference(model, ids, logits.tensors().get("logits." + prompt)));
            }
            assertThat(most).isPositive().isLessThan(1e-4);
        }
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
