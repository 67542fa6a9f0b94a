package tk.convert.lora;

import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;
import static tk.convert.lora.BaseModules.WEIGHT;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.convert.CastTensor;
import tk.convert.Dialect.Rotary;
import tk.convert.FamilyTable;
import tk.convert.FamilyTables;
import tk.convert.RotaryRows;
import tk.convert.TensorRule;
import tk.convert.TensorRule.Rotation;
import tk.convert.lora.AdapterConfig.Bias;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A LoRA as llama.cpp loads one beside its base ({@code --lora}): a GGUF of the type {@code
 * adapter}.
 *
 * <p>Of a weight {@code NAME} the file has {@code NAME.lora_a} (r, in) and {@code NAME.lora_b}
 * (out, r); of the embedding, whose rows are looked up, {@code lora_a} is (vocabulary, r).
 * llama.cpp multiplies with {@code adapter.lora.alpha} over the rank that {@code lora_b} has, so
 * that any other scale, such as rsLoRA's, goes into alpha, and where modules have several, into B.
 *
 * @param metadata what the file says of itself
 * @param tensors in the order of their names
 * @param notes what a person should be told
 */
public record AdapterGguf(GgufMetadata metadata, Checkpoint tensors, List<String> notes) {
    /** Copies the list. */
    public AdapterGguf {
        notes = List.copyOf(notes);
    }

    /**
     * Plans the conversion of an adapter.
     *
     * @param base the configuration of the model it belongs to
     * @param type F32, F16 or BF16; empty: as the adapter is stored
     * @throws UnsupportedException where the adapter holds more than A and B; the message says what
     */
    public static AdapterGguf of(
            Adapter adapter, ModelConfig base, Optional<DType> type, double scale) {
        FamilyTable family = FamilyTables.of(base.architecture());
        BaseModules modules = BaseModules.of(family, base);
        AdapterPlan plan = AdapterPlan.of(adapter, modules);
        FiniteAdapter.require(adapter.file().toString(), plan.tensors());
        List<String> notes = new ArrayList<>(plan.notes());
        refuseMore(plan, modules, notes);
        if (plan.lowRank().containsKey(EMBEDDING) || plan.lowRank().containsKey(HEAD)) {
            notes.add(
                    "changes the embedding or the head: llama.cpp loads it beside a base of %d tokens only, none added"
                            .formatted(base.vocabSize()));
        }
        double alpha = alpha(plan) * scale;
        List<Tensor> tensors = new ArrayList<>();
        int rescaled = 0;
        for (LowRank low : plan.lowRank().values()) {
            TensorRule rule = family.ruleOf(low.module() + WEIGHT);
            int layer = family.layerOf(low.module() + WEIGHT);
            String name = rule.ggufName(layer);
            double factor = low.scaling() * scale * low.rank() / alpha;
            if (factor != 1) rescaled++;
            Tensor b = factor == 1 ? low.b() : ScaledTensor.of(low.b(), factor);
            if (family.interleaved() && rule.rotation() != Rotation.NONE) {
                b = RotaryRows.of(b, rule.heads(base), Rotary.PAIRS);
            }
            Tensor a = low.embedding() ? TransposedTensor.of(low.a()) : low.a();
            tensors.add(stored(name + ".lora_a", a, type));
            tensors.add(stored(name + ".lora_b", b, type));
        }
        if (rescaled > 0) {
            notes.add(
                    "%d modules have a scale of their own, which goes into their B"
                            .formatted(rescaled));
        }
        return new AdapterGguf(
                metadata(family, adapter, alpha),
                TensorMap.replacing(adapter.tensors(), tensors),
                notes);
    }

    private static void refuseMore(AdapterPlan plan, BaseModules base, List<String> notes) {
        AdapterConfig config = plan.adapter().config();
        List<String> more = new ArrayList<>();
        if (config.dora()) more.add("DoRA's magnitudes");
        if (config.loraBias()) more.add("biases of B");
        if (config.bias() != Bias.NONE) more.add("trained biases");
        if (!plan.rows().isEmpty()) more.add("trained rows of embeddings");
        if (config.bias() == Bias.NONE && !plan.saved().isEmpty()) {
            more.add(
                    "%d parameters trained whole (%s first)"
                            .formatted(plan.saved().size(), plan.saved().firstEntry().getKey()));
        }
        if (base.tied()
                && (plan.lowRank().containsKey(HEAD) || plan.lowRank().containsKey(EMBEDDING))) {
            more.add("a change of the embedding, which is the head too");
        }
        if (otherVocabulary(plan.saved(), base) || otherVocabulary(plan.underFactors(), base)) {
            more.add("a vocabulary of another size");
        } else {
            plan.underFactors()
                    .keySet()
                    .forEach(
                            name ->
                                    notes.add(
                                            "`%s`: the base's own values, left out"
                                                    .formatted(name)));
        }
        if (more.isEmpty()) return;
        throw new UnsupportedException(
                "%s: can only be merged: llama.cpp's adapters hold A and B alone, this one also %s"
                        .formatted(plan.adapter().folder(), String.join(", ", more)),
                "tk merge-lora BASE ADAPTER OUTPUT, or tk package BASE --adapter ADAPTER.");
    }

    private static boolean otherVocabulary(Map<String, Tensor> tensors, BaseModules base) {
        return tensors.entrySet().stream()
                .anyMatch(
                        e ->
                                !Objects.equals(
                                        e.getValue().info().shape(),
                                        base.shapes().get(e.getKey())));
    }

    /** The alpha that the most modules share once their rank is divided out. */
    private static double alpha(AdapterPlan plan) {
        Map<Double, Integer> counts = new TreeMap<>();
        for (LowRank low : plan.lowRank().values()) {
            counts.merge(low.scaling() * low.rank(), 1, Integer::sum);
        }
        return counts.entrySet().stream()
                .filter(e -> e.getKey() != 0)
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElseThrow(
                        () ->
                                new UnsupportedException(
                                        "%s: adds nothing: every scale is 0"
                                                .formatted(plan.adapter().folder())));
    }

    private static Tensor stored(String name, Tensor tensor, Optional<DType> type) {
        DType own = tensor.info().dtype();
        // llama.cpp multiplies with F32 and F16 on every device; widening BF16 is exact.
        DType kept = own == DType.F16 ? DType.F16 : DType.F32;
        return RenamedTensor.of(name, CastTensor.of(tensor, type.orElse(kept)));
    }

    private static GgufMetadata metadata(FamilyTable family, Adapter adapter, double alpha) {
        return GgufMetadata.builder()
                .put("general.architecture", GgufValue.text(family.ggufArchitecture()))
                .put("general.type", GgufValue.text("adapter"))
                .put(
                        "general.name",
                        GgufValue.text(
                                String.valueOf(
                                        adapter.folder()
                                                .toAbsolutePath()
                                                .normalize()
                                                .getFileName())))
                .put("general.quantization_version", GgufValue.u32(2))
                .put("adapter.type", GgufValue.text("lora"))
                .put("adapter.lora.alpha", GgufValue.f32((float) alpha))
                .build();
    }
}
