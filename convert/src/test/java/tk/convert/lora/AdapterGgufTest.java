package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.convert.lora.TinyAdapter.Q0;
import static tk.convert.lora.TinyAdapter.Q1;
import static tk.convert.lora.TinyAdapter.onQueries;
import static tk.convert.lora.TinyAdapter.seeded;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

import tk.convert.Dialect;
import tk.convert.RotaryRows;
import tk.convert.TinyModel;
import tk.error.UnsupportedException;
import tk.hf.ModelConfig;
import tk.tensor.Tensor;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Adapters as llama.cpp loads them beside their base. */
final class AdapterGgufTest {
    private static final ModelConfig BASE = TinyModel.config("LlamaForCausalLM");

    private static AdapterGguf gguf(TinyAdapter adapter) {
        return AdapterGguf.of(adapter.open(), BASE, Optional.empty(), 1);
    }

    private static float[] values(AdapterGguf gguf, String name) {
        Tensor tensor = gguf.tensors().tensors().get(name);
        if (tensor == null)
            throw new AssertionError(name + ": " + gguf.tensors().tensors().keySet());
        return LowRank.values(tensor);
    }

    private static double alpha(AdapterGguf gguf) {
        return gguf.metadata().number("adapter.lora.alpha").orElseThrow();
    }

    @Test
    void holdsAAsItIsAndBInTheRowOrderOfTheBase() {
        TinyAdapter adapter = onQueries(1);
        AdapterGguf gguf = gguf(adapter);
        assertThat(gguf.metadata().string("general.type")).contains("adapter");
        assertThat(gguf.metadata().string("general.architecture")).contains("llama");
        assertThat(alpha(gguf)).isEqualTo(6);
        assertThat(gguf.tensors().tensors().keySet())
                .containsExactly(
                        "blk.0.attn_q.weight.lora_a", "blk.0.attn_q.weight.lora_b",
                        "blk.1.attn_q.weight.lora_a", "blk.1.attn_q.weight.lora_b");
        assertThat(values(gguf, "blk.0.attn_q.weight.lora_a"))
                .isEqualTo(
                        LowRank.values(adapter.named("layers.0.self_attn.q_proj.lora_A.weight")));
        assertThat(values(gguf, "blk.0.attn_q.weight.lora_b"))
                .isEqualTo(
                        LowRank.values(
                                RotaryRows.of(
                                        adapter.named("layers.0.self_attn.q_proj.lora_B.weight"),
                                        4,
                                        Dialect.Rotary.PAIRS)));
    }

    @Test
    void rsLorasScaleGoesIntoAlpha() {
        assertThat(alpha(gguf(onQueries(1).with("use_rslora", true))))
                .isCloseTo(6 * Math.sqrt(3), Offset.offset(1e-6));
        assertThat(alpha(AdapterGguf.of(onQueries(1).open(), BASE, Optional.empty(), 0.5)))
                .isEqualTo(3);
    }

    @Test
    void aScaleOfItsOwnGoesIntoB() {
        TinyAdapter adapter = onQueries(1).with("alpha_pattern", Map.of("layers.1.*", 12));
        AdapterGguf gguf = gguf(adapter);
        double first = alpha(gguf) / 6;
        float[] b = values(gguf, "blk.1.attn_q.weight.lora_b");
        float[] plain = values(gguf(onQueries(1)), "blk.1.attn_q.weight.lora_b");
        for (int i = 0; i < b.length; i++) {
            assertThat(b[i] * first).isEqualTo(2 * plain[i], Offset.offset(1e-6));
        }
    }

    @Test
    void anEmbeddingsAIsTransposed() {
        TinyAdapter adapter =
                seeded(4)
                        .with("target_modules", List.of("embed_tokens"))
                        .tensor("model.embed_tokens.lora_embedding_A", 3, 10)
                        .tensor("model.embed_tokens.lora_embedding_B", 16, 3);
        float[] a = LowRank.values(adapter.named("lora_embedding_A"));
        assertThat(gguf(adapter).notes()).singleElement().asString().contains("10 tokens only");
        float[] transposed = values(gguf(adapter), "token_embd.weight.lora_a");
        for (int row = 0; row < 10; row++) {
            for (int k = 0; k < 3; k++) {
                assertThat(transposed[row * 3 + k]).isEqualTo(a[k * 10 + row]);
            }
        }
    }

    @Test
    void saysWhatCanOnlyBeMerged() {
        refused(
                onQueries(1)
                        .with("modules_to_save", List.of("lm_head"))
                        .tensor("lm_head.weight", 10, 16),
                "trained whole (lm_head.weight first)");
        refused(
                onQueries(1)
                        .with("use_dora", true)
                        .tensor(Q0 + ".lora_magnitude_vector", 24)
                        .tensor(Q1 + ".lora_magnitude_vector", 24),
                "DoRA");
    }

    @Test
    void anEnlargedVocabularyIsToldOnce() {
        TinyAdapter adapter =
                onQueries(1)
                        .tensor("model.embed_tokens.base_layer.weight", 12, 16)
                        .tensor("lm_head.base_layer.weight", 12, 16);
        refused(adapter, "one also a vocabulary of another size");
        refused(
                onQueries(1)
                        .tensor("model.embed_tokens.weight", 12, 16)
                        .tensor("lm_head.weight", 12, 16),
                "2 parameters trained whole (model.embed_tokens.weight first), a vocabulary of another size");
    }

    private static void refused(TinyAdapter adapter, String what) {
        assertThatThrownBy(() -> gguf(adapter))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContainingAll("can only be merged", what);
    }
}
