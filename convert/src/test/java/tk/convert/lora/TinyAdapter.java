package tk.convert.lora;

import tk.convert.FamilyTables;
import tk.convert.HfModel;
import tk.convert.KeyMap;
import tk.convert.TinyModel;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/** Small random bases and adapters, in memory. */
final class TinyAdapter {
    static final String PEFT = "base_model.model.";
    static final String Q0 = "model.layers.0.self_attn.q_proj";
    static final String Q1 = "model.layers.1.self_attn.q_proj";

    private final Map<String, Object> json = new LinkedHashMap<>();
    private final List<Tensor> tensors = new ArrayList<>();
    private final Random random;

    private TinyAdapter(int seed) {
        random = new Random(seed);
        json.put("peft_type", "LORA");
        json.put("r", 3);
        json.put("lora_alpha", 6);
    }

    /** An adapter of rank 3 and alpha 6, without tensors. */
    static TinyAdapter seeded(int seed) {
        return new TinyAdapter(seed);
    }

    /** A LoRA on both layers' query projection. */
    static TinyAdapter onQueries(int seed) {
        return seeded(seed)
                .with("target_modules", List.of("q_proj"))
                .linear(Q0, 24, 16, 3)
                .linear(Q1, 24, 16, 3);
    }

    TinyAdapter with(String key, Object value) {
        json.put(key, value);
        return this;
    }

    TinyAdapter linear(String module, long out, long in, long rank) {
        return tensor(module + ".lora_A.weight", rank, in)
                .tensor(module + ".lora_B.weight", out, rank);
    }

    TinyAdapter tensor(String name, long... shape) {
        return tensor(TinyModel.random(PEFT + name, DType.F32, new Shape(shape), random));
    }

    TinyAdapter tensor(Tensor tensor) {
        tensors.add(tensor);
        return this;
    }

    TinyAdapter without(String ending) {
        tensors.removeIf(t -> t.info().name().endsWith(ending));
        return this;
    }

    /** The same tensors under other names. */
    TinyAdapter renamed(UnaryOperator<String> names) {
        tensors.replaceAll(t -> tk.tensor.RenamedTensor.of(names.apply(t.info().name()), t));
        return this;
    }

    Tensor named(String ending) {
        return tensors.stream()
                .filter(t -> t.info().name().endsWith(ending))
                .findFirst()
                .orElseThrow();
    }

    Adapter open() {
        return new Adapter(
                Path.of("adapter"),
                Path.of("adapter", "adapter_model.safetensors"),
                AdapterConfigReader.parse("adapter_config.json", (JsonObject) JsonValue.of(json)),
                TinyModel.checkpoint(tensors));
    }

    /** A LLaMA of 2 layers, 10 tokens, hidden 16, stored as {@code type}. */
    static HfModel base(DType type, Map<String, Object> config) {
        ModelConfig settings = TinyModel.config("LlamaForCausalLM", config);
        List<Tensor> weights =
                TinyModel.tensors(FamilyTables.of("LlamaForCausalLM"), settings, n -> n).stream()
                        .map(t -> tk.convert.CastTensor.of(t, type))
                        .toList();
        return HfModel.of("base", TinyModel.checkpoint(weights), settings, KeyMap.NONE);
    }

    static Merge merge(HfModel base, Adapter... adapters) {
        return Merge.of("base", base, base.config().tiedEmbeddings(), List.of(adapters), 1);
    }

    /** A merge that passed its proof. */
    static Merge proven(Merge merge) {
        MergeProof.of(merge, merge.merged().weights()).require();
        return merge;
    }

    static float[] values(HfModel model, String name) {
        Tensor tensor = model.weights().tensors().get(name);
        if (tensor == null) throw new AssertionError(name + " is not there");
        return LowRank.values(tensor);
    }
}
