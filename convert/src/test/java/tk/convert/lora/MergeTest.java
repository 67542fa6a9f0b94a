package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.convert.lora.PeftFormulas.rounded;
import static tk.convert.lora.PeftFormulas.sum;
import static tk.convert.lora.TinyAdapter.PEFT;
import static tk.convert.lora.TinyAdapter.Q0;
import static tk.convert.lora.TinyAdapter.Q1;
import static tk.convert.lora.TinyAdapter.base;
import static tk.convert.lora.TinyAdapter.merge;
import static tk.convert.lora.TinyAdapter.onQueries;
import static tk.convert.lora.TinyAdapter.proven;
import static tk.convert.lora.TinyAdapter.seeded;
import static tk.convert.lora.TinyAdapter.values;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.convert.Dialect;
import tk.convert.HfModel;
import tk.convert.RotaryRows;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.util.List;
import java.util.Map;

/** Merges against PEFT's formulas. */
final class MergeTest {
    private static float[] expected(HfModel base, TinyAdapter adapter, double s, DType type) {
        return sum(
                values(base, Q0 + ".weight"),
                adapter.named("layers.0.self_attn.q_proj.lora_A.weight"),
                adapter.named("layers.0.self_attn.q_proj.lora_B.weight"),
                s,
                type);
    }

    @Test
    void addsTheProductTimesAlphaOverRankRoundedOnce() {
        for (DType type : List.of(DType.F32, DType.F16, DType.BF16)) {
            HfModel base = base(type, Map.of());
            TinyAdapter adapter = onQueries(1);
            Merge merge = proven(merge(base, adapter.open()));
            assertThat(values(merge.merged(), Q0 + ".weight"))
                    .isEqualTo(expected(base, adapter, 2, type));
            assertThat(values(merge.merged(), "model.layers.0.self_attn.v_proj.weight"))
                    .isEqualTo(values(base, "model.layers.0.self_attn.v_proj.weight"));
        }
    }

    @Test
    void rsLoraDividesByTheRootOfTheRank() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter = onQueries(1).with("use_rslora", true);
        assertThat(values(proven(merge(base, adapter.open())).merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, adapter, 6 / Math.sqrt(3), DType.F32));
    }

    @Test
    void theFirstPatternThatMatchesGivesRankAndAlpha() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(2)
                        .with("target_modules", List.of("q_proj"))
                        .with("r", 5)
                        .with("rank_pattern", ordered("layers.0.self_attn.q_proj", 3, "q_proj", 4))
                        .with("alpha_pattern", ordered("q_p.*", 12, "layers.0.*", 1))
                        .linear(Q0, 24, 16, 3)
                        .linear(Q1, 24, 16, 4);
        assertThat(values(proven(merge(base, adapter.open())).merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, adapter, 12.0 / 3, DType.F32));
    }

    private static Map<String, Object> ordered(String a, int x, String b, int y) {
        Map<String, Object> map = new java.util.LinkedHashMap<>();
        map.put(a, x);
        map.put(b, y);
        return map;
    }

    @Test
    void severalAdaptersAreRoundedOneAfterAnother() {
        HfModel base = base(DType.BF16, Map.of());
        TinyAdapter first = onQueries(1);
        TinyAdapter second = onQueries(5);
        Merge merge = proven(merge(base, first.open(), second.open()));
        float[] once = expected(base, first, 2, DType.BF16);
        assertThat(values(merge.merged(), Q0 + ".weight"))
                .isEqualTo(
                        sum(
                                once,
                                second.named("layers.0.self_attn.q_proj.lora_A.weight"),
                                second.named("layers.0.self_attn.q_proj.lora_B.weight"),
                                2,
                                DType.BF16));
    }

    @Test
    void aScaleMultipliesWhatIsAddedAndNotWhatIsReplaced() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("norm"))
                        .tensor("model.norm.weight", 16);
        for (int layer = 0; layer < 2; layer++) {
            adapter.tensor("model.layers." + layer + ".input_layernorm.weight", 16)
                    .tensor("model.layers." + layer + ".post_attention_layernorm.weight", 16);
        }
        Merge merge = proven(Merge.of("base", base, false, List.of(adapter.open()), 0.25));
        assertThat(values(merge.merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, adapter, 0.5, DType.F32));
        assertThat(values(merge.merged(), "model.norm.weight"))
                .isEqualTo(LowRank.values(adapter.named("model.norm.weight")));
    }

    @Test
    void namesOfTrainersAndWrappersMeanTheSame() {
        HfModel base = base(DType.F32, Map.of());
        float[] expected = values(merge(base, onQueries(1).open()).merged(), Q1 + ".weight");
        List<java.util.function.UnaryOperator<String>> spellings =
                List.of(
                        n ->
                                n.replace("lora_A.weight", "lora_A.default.weight")
                                        .replace("lora_B.weight", "lora_B.turkish.weight"),
                        n -> n.replace(PEFT + "model.", PEFT + "model._fsdp_wrapped_module."),
                        n -> n.replace("self_attn", "_checkpoint_wrapped_module.self_attn"),
                        n -> "module." + n,
                        n -> n.replace(PEFT, ""),
                        n -> n.replace(PEFT + "model.", ""),
                        n -> n.replace(PEFT + "model.", PEFT + "model.language_model."),
                        n -> n.replace(PEFT, "_orig_mod." + PEFT));
        for (var spelling : spellings) {
            Merge merge = proven(merge(base, onQueries(1).renamed(spelling).open()));
            assertThat(values(merge.merged(), Q1 + ".weight")).isEqualTo(expected);
        }
    }

    @Test
    void torchtunesRowsOfQueriesAreBroughtIntoOrder() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter peft = onQueries(1);
        TinyAdapter tune = seeded(9).with("target_modules", List.of("q_proj"));
        for (int layer = 0; layer < 2; layer++) {
            String module = "layers." + layer + ".self_attn.q_proj.";
            String name = "layers." + layer + ".attn.q_proj.";
            tune.tensor(
                    RenamedTensor.of(name + "lora_a.weight", peft.named(module + "lora_A.weight")));
            tune.tensor(
                    RenamedTensor.of(
                            name + "lora_b.weight",
                            RotaryRows.of(
                                    peft.named(module + "lora_B.weight"),
                                    4,
                                    Dialect.Rotary.PAIRS)));
        }
        assertThat(values(proven(merge(base, tune.open())).merged(), Q0 + ".weight"))
                .isEqualTo(values(merge(base, peft.open()).merged(), Q0 + ".weight"));
    }

    @Test
    void savedModulesOfATrainersCheckpointReplaceTheBases() {
        HfModel base = base(DType.BF16, Map.of());
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("lm_head"))
                        .tensor("lm_head.modules_to_save.default.weight", 10, 16)
                        .tensor("lm_head.original_module.weight", 10, 16);
        float[] saved = LowRank.values(adapter.named("default.weight"));
        for (int i = 0; i < saved.length; i++) saved[i] = rounded(saved[i], DType.BF16);
        assertThat(values(proven(merge(base, adapter.open())).merged(), "lm_head.weight"))
                .isEqualTo(saved);
    }

    @Test
    void doraScalesRowsToTheirMagnitude() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                onQueries(1)
                        .with("use_dora", true)
                        .tensor("model.layers.0.self_attn.q_proj.lora_magnitude_vector", 24)
                        .tensor("model.layers.1.self_attn.q_proj.lora_magnitude_vector.weight", 24);
        float[] merged = values(proven(merge(base, adapter.open())).merged(), Q0 + ".weight");
        float[] magnitude =
                LowRank.values(adapter.named("0.self_attn.q_proj.lora_magnitude_vector"));
        for (int row = 0; row < 24; row++) {
            double squares = 0;
            for (int j = 0; j < 16; j++) squares += Math.pow(merged[row * 16 + j], 2);
            assertThat(Math.sqrt(squares))
                    .isCloseTo(Math.abs(magnitude[row]), org.assertj.core.data.Offset.offset(1e-5));
        }
    }

    @Test
    void layersAndExclusionsNarrowTheTargets() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(3)
                        .with("target_modules", List.of("q_proj", "v_proj"))
                        .with("exclude_modules", ".*v_proj")
                        .with("layers_to_transform", 1)
                        .linear(Q1, 24, 16, 3);
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(merge.steps().getFirst().plan().lowRank()).containsOnlyKeys(Q1);
    }

    @Test
    void fanInFanOutIsIgnoredAsThereAreOnlyLinearLayers() {
        HfModel base = base(DType.F32, Map.of());
        Merge merge = proven(merge(base, onQueries(1).with("fan_in_fan_out", true).open()));
        assertThat(values(merge.merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, onQueries(1), 2, DType.F32));
        assertThat(merge.notes()).anyMatch(n -> n.contains("fan_in_fan_out"));
    }

    @Test
    void aSettingThatIsNotKnownIsTold() {
        HfModel base = base(DType.F32, Map.of());
        Merge merge = merge(base, onQueries(1).with("use_another_lora", true).open());
        assertThat(merge.notes()).anyMatch(n -> n.contains("use_another_lora"));
        assertThat(merge(base, onQueries(1).open()).notes()).noneMatch(n -> n.contains("settings"));
    }

    /** PEFT loads such a tensor into the base's parameter. */
    @Test
    void aParameterThatModulesToSaveDoesNotNameIsTold() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter = onQueries(1).tensor("model.norm.weight", 16);
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(values(merge.merged(), "model.norm.weight"))
                .isEqualTo(LowRank.values(adapter.named("norm.weight")));
        assertThat(merge.notes()).anyMatch(n -> n.contains("model.norm.weight"));
    }

    @Test
    void rsLoraDividesAPatternsAlphaByTheRootOfAPatternsRank() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(2)
                        .with("target_modules", List.of("q_proj"))
                        .with("use_rslora", true)
                        .with("rank_pattern", Map.of("layers.0.self_attn.q_proj", 4))
                        .with("alpha_pattern", Map.of("layers.0.self_attn.q_proj", 10))
                        .linear(Q0, 24, 16, 4)
                        .linear(Q1, 24, 16, 3);
        assertThat(values(proven(merge(base, adapter.open())).merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, adapter, 10 / Math.sqrt(4), DType.F32));
        assertThat(values(merge(base, adapter.open()).merged(), Q1 + ".weight"))
                .isEqualTo(
                        sum(
                                values(base, Q1 + ".weight"),
                                adapter.named("layers.1.self_attn.q_proj.lora_A.weight"),
                                adapter.named("layers.1.self_attn.q_proj.lora_B.weight"),
                                6 / Math.sqrt(3),
                                DType.F32));
    }

    @Test
    void allLinearMeansEveryProjectionAndNeitherHeadNorEmbedding() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter = seeded(3).with("target_modules", "all-linear");
        List<String> modules = new java.util.ArrayList<>();
        base.weights()
                .tensors()
                .forEach(
                        (name, tensor) -> {
                            if (!name.endsWith("_proj.weight")) return;
                            String module = name.substring(0, name.length() - 7);
                            long[] dims = tensor.info().shape().dims();
                            adapter.linear(module, dims[0], dims[1], 3);
                            modules.add(module);
                        });
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(modules).hasSize(14);
        assertThat(merge.steps().getFirst().plan().lowRank()).containsOnlyKeys(modules);
        String down = "model.layers.1.mlp.down_proj";
        assertThat(values(merge.merged(), down + ".weight"))
                .isEqualTo(
                        sum(
                                values(base, down + ".weight"),
                                adapter.named("layers.1.mlp.down_proj.lora_A.weight"),
                                adapter.named("layers.1.mlp.down_proj.lora_B.weight"),
                                2,
                                DType.F32));
        assertThat(values(merge.merged(), "lm_head.weight"))
                .isEqualTo(values(base, "lm_head.weight"));
    }

    /**
     * PEFT puts the pattern into a larger one; with groups of its own, the number is not the first.
     */
    @ParameterizedTest
    @ValueSource(strings = {"blocks,layers", "(h|layers)", "model.layers", "lay(?P<rest>.*)"})
    void exclusionsMayBeNamesAndLayersMayHaveAPatternOfTheirOwn(String patterns) {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(3)
                        .with("target_modules", List.of("q_proj", "up_proj"))
                        .with("exclude_modules", List.of("up_proj"))
                        .with("layers_to_transform", List.of(0))
                        .with("layers_pattern", List.of(patterns.split(",")))
                        .linear(Q0, 24, 16, 3);
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(merge.steps().getFirst().plan().lowRank()).containsOnlyKeys(Q0);
        assertThat(values(merge.merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, adapter, 2, DType.F32));
    }

    @Test
    void aScaleHoldsForEveryOfSeveralAdapters() {
        HfModel base = base(DType.F16, Map.of());
        TinyAdapter first = onQueries(1);
        TinyAdapter second = onQueries(5);
        Merge merge =
                proven(Merge.of("base", base, false, List.of(first.open(), second.open()), 0.5));
        assertThat(values(merge.merged(), Q0 + ".weight"))
                .isEqualTo(
                        sum(
                                expected(base, first, 1, DType.F16),
                                second.named("layers.0.self_attn.q_proj.lora_A.weight"),
                                second.named("layers.0.self_attn.q_proj.lora_B.weight"),
                                1,
                                DType.F16));
    }

    @Test
    void aBaseInMetasNamesAndOrderOfRowsTakesTheSameAdapter() {
        HfModel base = base(DType.F32, Map.of());
        Map<String, String> names =
                Map.of(
                        "self_attn.q_proj", "attention.wq",
                        "self_attn.k_proj", "attention.wk",
                        "self_attn.v_proj", "attention.wv",
                        "self_attn.o_proj", "attention.wo",
                        "mlp.gate_proj", "feed_forward.w1",
                        "mlp.down_proj", "feed_forward.w2",
                        "mlp.up_proj", "feed_forward.w3",
                        "input_layernorm", "attention_norm",
                        "post_attention_layernorm", "ffn_norm");
        List<Tensor> tensors = new java.util.ArrayList<>();
        base.weights()
                .tensors()
                .forEach(
                        (name, tensor) -> {
                            String meta =
                                    name.replace("model.embed_tokens", "tok_embeddings")
                                            .replace("lm_head", "output")
                                            .replaceFirst("^model\\.", "");
                            for (Map.Entry<String, String> n : names.entrySet()) {
                                meta =
                                        meta.replace(
                                                "." + n.getKey() + ".", "." + n.getValue() + ".");
                            }
                            int heads =
                                    name.contains("q_proj") ? 4 : name.contains("k_proj") ? 2 : 0;
                            Tensor rows =
                                    heads == 0
                                            ? tensor
                                            : RotaryRows.of(tensor, heads, Dialect.Rotary.PAIRS);
                            tensors.add(RenamedTensor.of(meta, rows));
                        });
        HfModel meta =
                HfModel.of(
                        "release",
                        tk.convert.TinyModel.checkpoint(tensors),
                        base.config(),
                        tk.convert.KeyMap.NONE);
        assertThat(values(proven(merge(meta, onQueries(1).open())).merged(), Q0 + ".weight"))
                .isEqualTo(expected(base, onQueries(1), 2, DType.F32));
    }
}
