package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.convert.lora.TinyAdapter.PEFT;
import static tk.convert.lora.TinyAdapter.base;
import static tk.convert.lora.TinyAdapter.merge;
import static tk.convert.lora.TinyAdapter.onQueries;
import static tk.convert.lora.TinyAdapter.proven;
import static tk.convert.lora.TinyAdapter.values;

import org.junit.jupiter.api.Test;

import tk.convert.HfModel;
import tk.error.MalformedException;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;

import java.util.List;
import java.util.Map;

/**
 * What {@code save_pretrained} writes of embedding and head where the vocabulary was enlarged, or
 * {@code save_embedding_layers} asked for them.
 */
final class SavedVocabularyTest {
    private static final String EMBEDDING = "model.embed_tokens";
    private static final Map<String, Object> TIED = Map.of("tie_word_embeddings", true);

    /** The same values under a second name. */
    private static TinyAdapter copied(TinyAdapter adapter, String ending, String name) {
        return adapter.tensor(RenamedTensor.of(PEFT + name, adapter.named(ending)));
    }

    @Test
    void aModuleThatPeftSavedUnderTwoNamesIsReadOnce() {
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("embed_tokens", "lm_head"))
                        .tensor(EMBEDDING + ".weight", 12, 16)
                        .tensor(EMBEDDING + ".original_module.weight", 12, 16)
                        .tensor("lm_head.modules_to_save.weight", 12, 16);
        copied(adapter, "tokens.weight", EMBEDDING + ".modules_to_save.weight");
        copied(adapter, "head.modules_to_save.weight", "lm_head.weight");
        Merge merge = proven(merge(base(DType.F32, Map.of()), adapter.open()));
        assertThat(merge.merged().config().vocabSize()).isEqualTo(12);
        assertThat(values(merge.merged(), EMBEDDING + ".weight"))
                .isEqualTo(LowRank.values(adapter.named("tokens.weight")));
        assertThat(values(merge.merged(), "lm_head.weight"))
                .isEqualTo(LowRank.values(adapter.named("head.modules_to_save.weight")));
        AdapterPlan plan = merge.steps().getFirst().plan();
        assertThat(plan.originals()).hasSize(3);
        assertThat(plan.tensors()).hasSize(6);
    }

    @Test
    void twoNamesWithOtherValuesAreTwoAdapters() {
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("embed_tokens"))
                        .tensor(EMBEDDING + ".weight", 10, 16)
                        .tensor(EMBEDDING + ".modules_to_save.weight", 10, 16);
        assertThatThrownBy(() -> merge(base(DType.F32, Map.of()), adapter.open()))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("are both for");
    }

    @Test
    void rowsMayBeAmongThoseThatWereAddedToTheVocabulary() {
        TinyAdapter adapter =
                onQueries(1)
                        .with("trainable_token_indices", List.of(11, 3))
                        .tensor(EMBEDDING + ".token_adapter.base_layer.weight", 12, 16)
                        .tensor(EMBEDDING + ".token_adapter.trainable_tokens_delta", 2, 16)
                        .tensor("lm_head.weight", 12, 16);
        HfModel merged = proven(merge(base(DType.F32, Map.of()), adapter.open())).merged();
        float[] expected = LowRank.values(adapter.named("base_layer.weight"));
        float[] rows = LowRank.values(adapter.named("tokens_delta"));
        System.arraycopy(rows, 0, expected, 11 * 16, 16);
        System.arraycopy(rows, 16, expected, 3 * 16, 16);
        assertThat(values(merged, EMBEDDING + ".weight")).isEqualTo(expected);
        assertThat(values(merged, "lm_head.weight"))
                .isEqualTo(LowRank.values(adapter.named("lm_head.weight")));
    }

    @Test
    void aTiedEmbeddingThatWasEnlargedAndTrainedLeavesTheHeadWhatWasSavedOfIt() {
        HfModel base = base(DType.F32, TIED);
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("embed_tokens"))
                        .tensor(EMBEDDING + ".weight", 12, 16)
                        .tensor("lm_head.weight", 12, 16);
        HfModel merged = proven(merge(base, adapter.open())).merged();
        assertThat(merged.config().tiedEmbeddings()).isFalse();
        assertThat(values(merged, EMBEDDING + ".weight"))
                .isEqualTo(LowRank.values(adapter.named("tokens.weight")));
        assertThat(values(merged, "lm_head.weight"))
                .isEqualTo(LowRank.values(adapter.named("lm_head.weight")));
    }

    @Test
    void aTiedHeadsRowsAreTheEmbeddings() {
        HfModel base = base(DType.F32, TIED);
        TinyAdapter adapter =
                onQueries(1)
                        .with("trainable_token_indices", List.of(7, 3))
                        .tensor(EMBEDDING + ".token_adapter.base_layer.weight", 10, 16)
                        .tensor(EMBEDDING + ".token_adapter.trainable_tokens_delta", 2, 16);
        copied(adapter, "tokens_delta", "lm_head.token_adapter.trainable_tokens_delta");
        copied(adapter, "base_layer.weight", "lm_head.token_adapter.base_layer.weight");
        HfModel merged = proven(merge(base, adapter.open())).merged();
        assertThat(merged.config().tiedEmbeddings()).isTrue();
        float[] expected = LowRank.values(adapter.named("base_layer.weight"));
        float[] rows = LowRank.values(adapter.named("tokens_delta"));
        System.arraycopy(rows, 0, expected, 7 * 16, 16);
        System.arraycopy(rows, 16, expected, 3 * 16, 16);
        assertThat(values(merged, EMBEDDING + ".weight")).isEqualTo(expected);
    }
}
