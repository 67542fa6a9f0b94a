package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.convert.lora.TinyAdapter.Q0;
import static tk.convert.lora.TinyAdapter.Q1;
import static tk.convert.lora.TinyAdapter.base;
import static tk.convert.lora.TinyAdapter.merge;
import static tk.convert.lora.TinyAdapter.onQueries;
import static tk.convert.lora.TinyAdapter.seeded;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import tk.convert.TinyModel;
import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Shape;

import java.util.List;
import java.util.Map;

/** What is wrong with an adapter is named, and nothing is merged. */
final class BrokenAdapterTest {
    private static void malformed(TinyAdapter adapter, String... words) {
        refused(
                MalformedException.class,
                () -> merge(base(DType.F32, Map.of()), adapter.open()),
                words);
    }

    private static void unsupported(TinyAdapter adapter, String... words) {
        refused(
                UnsupportedException.class,
                () -> merge(base(DType.F32, Map.of()), adapter.open()),
                words);
    }

    private static void refused(
            Class<? extends TkException> kind, ThrowingCallable call, String... words) {
        assertThatThrownBy(call).isInstanceOf(kind).hasMessageContainingAll(words);
    }

    @Test
    void aMissingFactor() {
        malformed(onQueries(1).without("layers.1.self_attn.q_proj.lora_B.weight"), Q1, "lora_B");
    }

    @Test
    void aMissingModule() {
        malformed(onQueries(1).with("target_modules", List.of("q_proj", "o_proj")), "2 of the 4");
    }

    @Test
    void aModuleTooMany() {
        malformed(
                onQueries(1).linear("model.layers.0.self_attn.o_proj", 16, 24, 3),
                "1 modules have tensors",
                "o_proj");
    }

    @Test
    void aTensorOfNothingWithTheNearestName() {
        malformed(
                onQueries(1).tensor("model.layers.1.self_attn.q_prj.lora_A.weight", 3, 16),
                "1 of 5 tensors",
                "q_prj",
                "nearest: base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight");
        malformed(onQueries(1).tensor(Q0 + ".lora_C.weight", 3, 16), "1 of 5 tensors", "lora_C");
    }

    @Test
    void anAdapterOfAModelWithMoreLayers() {
        malformed(onQueries(1).linear("model.layers.7.self_attn.q_proj", 24, 16, 3), "layers.7");
    }

    @Test
    void aRankOtherThanConfigured() {
        malformed(
                seeded(1)
                        .with("target_modules", List.of("q_proj"))
                        .linear(Q0, 24, 16, 2)
                        .linear(Q1, 24, 16, 3),
                "[2, 16]",
                "expected [3, 16]",
                "r is 3");
    }

    @Test
    void anAdapterOfAWiderModel() {
        malformed(
                seeded(1)
                        .with("target_modules", List.of("q_proj"))
                        .linear(Q0, 48, 32, 3)
                        .linear(Q1, 48, 32, 3),
                "[3, 32]",
                "[24, 16]");
    }

    @Test
    void valuesThatAreNotFinite() {
        for (float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            float[] values = new float[48];
            values[20] = value;
            malformed(
                    onQueries(1)
                            .without("layers.0.self_attn.q_proj.lora_A.weight")
                            .tensor(
                                    TinyModel.f32(
                                            TinyAdapter.PEFT + Q0 + ".lora_A.weight",
                                            new Shape(3, 16),
                                            values)),
                    "row 1, column 4");
        }
    }

    @Test
    void magnitudesWithoutDoraAndDoraWithoutMagnitudes() {
        malformed(onQueries(1).with("use_dora", true), "no magnitudes");
        malformed(onQueries(1).tensor(Q0 + ".lora_magnitude_vector", 24), "use_dora=false");
    }

    @Test
    void aBiasThatTheBaseHasNot() {
        unsupported(
                onQueries(1)
                        .with("lora_bias", true)
                        .tensor(Q0 + ".lora_B.bias", 24)
                        .tensor(Q1 + ".lora_B.bias", 24),
                "no bias in the base");
    }

    @Test
    void savedModulesThatAreMissing() {
        malformed(onQueries(1).with("modules_to_save", List.of("lm_head")), "lm_head.weight");
    }

    @Test
    void anEnlargedEmbeddingWithoutTheHead() {
        malformed(
                onQueries(1)
                        .with("modules_to_save", List.of("embed_tokens"))
                        .tensor("model.embed_tokens.weight", 12, 16),
                "12 rows",
                "10");
    }

    @Test
    void trainedRowsThatAreTooFewOrOutside() {
        String delta = "model.embed_tokens.token_adapter.trainable_tokens_delta";
        malformed(
                onQueries(1).with("trainable_token_indices", List.of(1, 2, 3)).tensor(delta, 2, 16),
                "lists 3 rows");
        malformed(
                onQueries(1).with("trainable_token_indices", List.of(1, 10)).tensor(delta, 2, 16),
                "10 is no row");
        malformed(
                onQueries(1).with("trainable_token_indices", List.of(1, 1)).tensor(delta, 2, 16),
                "there twice");
        malformed(onQueries(1).with("trainable_token_indices", List.of(1)), "no rows");
    }

    @Test
    void everyBOfZeros() {
        TinyAdapter adapter = onQueries(1).without("lora_B.weight");
        for (String module : List.of(Q0, Q1)) {
            adapter.tensor(
                    TinyModel.f32(
                            TinyAdapter.PEFT + module + ".lora_B.weight",
                            new Shape(24, 3),
                            new float[72]));
        }
        Merge merge = merge(base(DType.F32, Map.of()), adapter.open());
        refused(
                MalformedException.class,
                () -> MergeProof.of(merge, merge.merged().weights()).require(),
                "changes nothing");
    }

    @Test
    void otherKindsByName() {
        unsupported(seeded(1).with("peft_type", "IA3"), "IA3");
        unsupported(seeded(1).with("peft_type", "LOKR"), "LOKR");
        unsupported(onQueries(1).with("init_lora_weights", "pissa_niter_16"), "pissa");
        unsupported(onQueries(1).with("init_lora_weights", "OLoRA"), "OLoRA");
        unsupported(onQueries(1).with("use_qalora", true), "QALoRA");
        unsupported(onQueries(1).with("layer_replication", List.of(List.of(0, 2))), "replicated");
    }

    /** PEFT saves the head's half of it, too, and adds both to the one matrix. */
    @Test
    void oneLoraForATiedEmbeddingAndItsHead() {
        TinyAdapter adapter =
                seeded(1)
                        .with("target_modules", List.of("embed_tokens"))
                        .with("ensure_weight_tying", true)
                        .tensor("model.embed_tokens.lora_embedding_A", 3, 10)
                        .tensor("model.embed_tokens.lora_embedding_B", 16, 3)
                        .linear("lm_head", 10, 16, 3);
        refused(
                UnsupportedException.class,
                () -> merge(base(DType.F32, Map.of("tie_word_embeddings", true)), adapter.open()),
                "ensure_weight_tying");
    }

    @Test
    void otherRowsForATiedEmbeddingThanForItsHead() {
        String delta = ".token_adapter.trainable_tokens_delta";
        TinyAdapter adapter =
                onQueries(1)
                        .with(
                                "trainable_token_indices",
                                Map.of("embed_tokens", List.of(5, 1), "lm_head", List.of(5, 2)))
                        .tensor("model.embed_tokens" + delta, 2, 16)
                        .tensor("lm_head" + delta, 2, 16);
        refused(
                UnsupportedException.class,
                () -> merge(base(DType.F32, Map.of("tie_word_embeddings", true)), adapter.open()),
                "the same matrix");
    }

    @Test
    void valuesOfTheConfigurationThatAreNone() {
        malformed(onQueries(1).with("r", 0), "r: expected");
        malformed(onQueries(1).with("r", 1L << 40), "r: expected");
        malformed(onQueries(1).with("r", 2.5), "r: expected");
        malformed(onQueries(1).with("lora_alpha", "many"), "lora_alpha");
        malformed(onQueries(1).with("lora_alpha", 1e300), "lora_alpha");
        malformed(onQueries(1).with("bias", "some"), "bias");
        malformed(onQueries(1).with("target_modules", List.of(1)), "target_modules");
        malformed(onQueries(1).with("target_modules", "(q_proj"), "no regular expression");
        malformed(onQueries(1).with("rank_pattern", List.of(1)), "rank_pattern");
        malformed(onQueries(1).with("trainable_token_indices", List.of(-1)), "trainable_token");
    }

    @Test
    void anExpressionThatWouldTakeForever() {
        malformed(onQueries(1).with("target_modules", "(([a-z_.0-9]+)+)+#"), "more than");
    }
}
