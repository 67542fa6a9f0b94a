package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One model in the names and row orders of Hugging Face, Meta and GGUF computes the same. */
class DialectsTest {
    private static TensorMap checkpoint(List<Tensor> tensors) {
        return new TensorMap(tensors, Map.of(), List.of());
    }

    private static void assertSame(LogitModel expected, LogitModel found, int[] tokens) {
        float[][] want = new float[tokens.length][];
        expected.logits(tokens, (position, logits) -> want[position] = logits.clone());
        found.logits(
                tokens,
                (position, logits) -> {
                    for (int v = 0; v < logits.length; v++) {
                        assertThat(logits[v]).isCloseTo(want[position][v], within(1e-4f));
                    }
                });
        assertThat(found.vocabularySize()).isEqualTo(expected.vocabularySize());
        assertThat(found.contextLength()).isEqualTo(expected.contextLength());
    }

    @Test
    void metaNamesComputeTheSame() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap meta = checkpoint(Dialects.renamed(model, Dialects.META, "layers.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.open(meta, model.config())) {
            assertSame(hf, other, model.tokens(40));
        }
    }

    @Test
    void mistralsWindowHoldsUnderMetasNamesToo() {
        RandomModel model = RandomModel.of("MistralForCausalLM", Map.of("sliding_window", "7"));
        TensorMap meta = checkpoint(Dialects.renamed(model, Dialects.META, "layers.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.open(meta, model.config())) {
            assertSame(hf, other, model.tokens(40));
        }
    }

    @Test
    void whatAWrapperPutBeforeTheNamesChangesNothing() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        List<Tensor> meta = Dialects.renamed(model, Dialects.META, "layers.", true);
        List<Tensor> lightning =
                model.checkpoint().tensors().values().stream()
                        .map(t -> RenamedTensor.of("model." + t.info().name(), t))
                        .toList();
        List<Tensor> llama =
                model.checkpoint().tensors().values().stream()
                        .map(t -> RenamedTensor.of(t.info().name().replace("model.", "llama."), t))
                        .toList();
        List<Tensor> net =
                meta.stream().map(t -> RenamedTensor.of("net." + t.info().name(), t)).toList();
        for (List<Tensor> wrapped : List.of(lightning, llama, net)) {
            try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                    LogitModel other = ReferenceModels.open(checkpoint(wrapped), model.config())) {
                assertSame(hf, other, model.tokens(40));
            }
        }
    }

    @Test
    void torchtunesNamesComputeTheSame() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        String[][] names = {
            {"attention_norm.weight", "sa_norm.scale"},
            {"ffn_norm.weight", "mlp_norm.scale"},
            {"attention.wq", "attn.q_proj"},
            {"attention.wk", "attn.k_proj"},
            {"attention.wv", "attn.v_proj"},
            {"attention.wo", "attn.output_proj"},
            {"feed_forward", "mlp"},
        };
        List<Tensor> torchtune = new ArrayList<>();
        for (Tensor tensor : Dialects.renamed(model, Dialects.META, "layers.", true)) {
            String name = tensor.info().name();
            for (String[] pair : names) name = name.replace(pair[0], pair[1]);
            if (name.equals("norm.weight")) name = "norm.scale";
            torchtune.add(RenamedTensor.of(name, tensor));
        }
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.open(checkpoint(torchtune), model.config())) {
            assertSame(hf, other, model.tokens(40));
        }
    }

    @Test
    void passesOverBuffersButNotOverWeights() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        List<Tensor> tensors = new ArrayList<>(model.checkpoint().tensors().values());
        tensors.add(ArrayTensor.of("freqs_cis", DType.F32, new float[6], 6));
        tensors.add(ArrayTensor.of("model.causal_mask", DType.F32, new float[4], 2, 2));
        tensors.add(
                ArrayTensor.of("model.layers.0.attn.bias", DType.F32, new float[4], 1, 1, 2, 2));
        tensors.add(ArrayTensor.of("model.layers.0.self_attn.bias", DType.F32, new float[4], 2, 2));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.open(checkpoint(tensors), model.config())) {
            assertSame(hf, other, model.tokens(40));
        }
        tensors.add(ArrayTensor.of("model.layers.1.attn.bias", DType.F32, new float[4], 4));
        TensorMap biased = checkpoint(tensors);
        assertThatThrownBy(() -> ReferenceModels.open(biased, model.config()))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("model.layers.1.attn.bias");
    }

    @Test
    void ggufNamesComputeTheSame() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true));
        GgufMetadata metadata = Dialects.metadata("llama", model.config()).build();
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
            assertSame(hf, other, model.tokens(40));
        }
    }

    @Test
    void qwensGgufKeepsItsHalves() {
        for (String family : List.of("Qwen2", "Qwen3")) {
            RandomModel model = RandomModel.of(family + "ForCausalLM", Map.of());
            TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", false));
            String architecture = family.toLowerCase(java.util.Locale.ROOT);
            GgufMetadata metadata = Dialects.metadata(architecture, model.config()).build();
            try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                    LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
                assertSame(hf, other, model.tokens(40));
            }
        }
    }

    @Test
    void ggufsLinearScalingIsTheConfigs() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM",
                        Map.of("rope_scaling", "{\"type\": \"linear\", \"factor\": 4.0}"));
        GgufMetadata metadata =
                Dialects.metadata("llama", model.config())
                        .put("llama.rope.scaling.type", GgufValue.text("linear"))
                        .put("llama.rope.scaling.factor", GgufValue.f32(4))
                        .build();
        TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
            assertSame(hf, other, model.tokens(80));
        }
    }

    @Test
    void ggufsYarnIsTheConfigs() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM",
                        Map.of(
                                "rope_scaling",
                                """
                                {"rope_type": "yarn", "factor": 4.0,
                                 "original_max_position_embeddings": 16}
                                """));
        GgufMetadata metadata =
                Dialects.metadata("llama", model.config())
                        .put("llama.rope.scaling.type", GgufValue.text("yarn"))
                        .put("llama.rope.scaling.factor", GgufValue.f32(4))
                        .put("llama.rope.scaling.original_context_length", GgufValue.u32(16))
                        .build();
        TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
            assertSame(hf, other, model.tokens(80));
        }
    }

    @Test
    void ggufsDivisorsAreLlama3sScaling() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM",
                        Map.of(
                                "rope_scaling",
                                """
                                {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                 "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
                                """));
        float[] plain = RotaryFrequencies.plain(12, 10000);
        float[] divisors = new float[6];
        for (int i = 0; i < 6; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            double smooth = Math.clamp((32 / wavelength - 1) / 3, 0.0, 1.0);
            divisors[i] = (float) (1 / ((1 - smooth) / 8 + smooth));
        }
        List<Tensor> tensors = Dialects.renamed(model, Dialects.GGUF, "blk.", true);
        tensors.add(ArrayTensor.of("rope_freqs.weight", DType.F32, divisors, 6));
        GgufMetadata metadata = Dialects.metadata("llama", model.config()).build();
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(checkpoint(tensors), metadata)) {
            assertSame(hf, other, model.tokens(80));
        }
    }

    @Test
    void refusesAnArchitectureItDoesNotKnow() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true));
        GgufMetadata metadata = Dialects.metadata("gemma2", model.config()).build();
        assertThatThrownBy(() -> ReferenceModels.openGguf(gguf, metadata))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("gemma2");
    }

    @Test
    void namesTheMetadataKeyThatIsMissing() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true));
        GgufMetadata metadata =
                Dialects.metadata("llama", model.config()).remove("llama.block_count").build();
        assertThatThrownBy(() -> ReferenceModels.openGguf(gguf, metadata))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("llama.block_count");
    }

    @Test
    void refusesNumbersOutOfBounds() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true));
        for (long count : List.of(0L, -1L, 1L << 40)) {
            GgufMetadata metadata =
                    Dialects.metadata("llama", model.config())
                            .put("llama.attention.head_count", GgufValue.u32(count))
                            .build();
            assertThatThrownBy(() -> ReferenceModels.openGguf(gguf, metadata))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("llama.attention.head_count");
        }
    }

    @Test
    void refusesNamesOfAnotherDialect() {
        TensorMap other =
                checkpoint(List.of(ArrayTensor.of("wte.weight", DType.F32, new float[4], 2, 2)));
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        assertThatThrownBy(() -> ReferenceModels.open(other, model.config()))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("model.embed_tokens.weight");
    }
}
