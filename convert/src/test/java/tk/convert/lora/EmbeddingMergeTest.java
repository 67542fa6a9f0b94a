package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import static tk.convert.lora.PeftFormulas.embedded;
import static tk.convert.lora.PeftFormulas.rounded;
import static tk.convert.lora.PeftFormulas.sum;
import static tk.convert.lora.TinyAdapter.PEFT;
import static tk.convert.lora.TinyAdapter.base;
import static tk.convert.lora.TinyAdapter.merge;
import static tk.convert.lora.TinyAdapter.onQueries;
import static tk.convert.lora.TinyAdapter.proven;
import static tk.convert.lora.TinyAdapter.seeded;
import static tk.convert.lora.TinyAdapter.values;

import org.junit.jupiter.api.Test;

import tk.convert.HfModel;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;

import java.util.List;
import java.util.Map;

/** What adapters do to embedding and head, tied and apart. */
final class EmbeddingMergeTest {
    private static final String EMBEDDING = "model.embed_tokens";
    private static final Map<String, Object> TIED = Map.of("tie_word_embeddings", true);

    @Test
    void doraOfAnEmbeddingScalesColumns() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(4)
                        .with("target_modules", List.of("embed_tokens"))
                        .with("use_dora", true)
                        .tensor(EMBEDDING + ".lora_embedding_A", 3, 10)
                        .tensor(EMBEDDING + ".lora_embedding_B", 16, 3)
                        .tensor(EMBEDDING + ".lora_magnitude_vector", 16);
        float[] merged =
                values(proven(merge(base, adapter.open())).merged(), EMBEDDING + ".weight");
        float[] magnitude = LowRank.values(adapter.named("lora_magnitude_vector"));
        for (int j = 0; j < 16; j++) {
            double squares = 0;
            for (int row = 0; row < 10; row++) squares += Math.pow(merged[row * 16 + j], 2);
            assertThat(Math.sqrt(squares)).isCloseTo(Math.abs(magnitude[j]), offset(1e-5));
        }
    }

    @Test
    void whatIsAddedToATiedMatrixChangesBoth() {
        HfModel base = base(DType.F32, TIED);
        TinyAdapter adapter =
                seeded(4).with("target_modules", List.of("lm_head")).linear("lm_head", 10, 16, 3);
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(merge.merged().tying().isTied()).isTrue();
        assertThat(values(merge.merged(), EMBEDDING + ".weight"))
                .isEqualTo(
                        sum(
                                values(base, EMBEDDING + ".weight"),
                                adapter.named("lora_A.weight"),
                                adapter.named("lora_B.weight"),
                                2,
                                DType.F32));
    }

    /** As PEFT goes through the modules; in 16 bits the order shows. */
    @Test
    void aTiedMatrixGetsTheEmbeddingsLoraBeforeTheHeads() {
        HfModel base = base(DType.BF16, TIED);
        TinyAdapter adapter =
                seeded(4)
                        .with("target_modules", List.of("embed_tokens", "lm_head"))
                        .linear("lm_head", 10, 16, 3)
                        .tensor(EMBEDDING + ".lora_embedding_A", 3, 10)
                        .tensor(EMBEDDING + ".lora_embedding_B", 16, 3);
        float[] first = values(base, EMBEDDING + ".weight");
        float[] added = embedded(new float[first.length], adapter, 2);
        for (int i = 0; i < added.length; i++) {
            first[i] = rounded(first[i] + rounded(added[i], DType.BF16), DType.BF16);
        }
        assertThat(values(proven(merge(base, adapter.open())).merged(), EMBEDDING + ".weight"))
                .isEqualTo(
                        sum(
                                first,
                                adapter.named("lora_A.weight"),
                                adapter.named("lora_B.weight"),
                                2,
                                DType.BF16));
    }

    @Test
    void anEmbeddingTrainedAloneLeavesTheHeadToTheBase() {
        HfModel base = base(DType.F32, TIED);
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("embed_tokens"))
                        .tensor(EMBEDDING + ".weight", 10, 16);
        Merge apart = proven(merge(base, adapter.open()));
        assertThat(apart.merged().config().tiedEmbeddings()).isFalse();
        assertThat(values(apart.merged(), "lm_head.weight"))
                .isEqualTo(values(base, EMBEDDING + ".weight"));
        Merge together = proven(merge(base, adapter.with("ensure_weight_tying", true).open()));
        assertThat(together.merged().config().tiedEmbeddings()).isTrue();
        assertThat(together.merged().weights().tensors()).doesNotContainKey("lm_head.weight");
    }

    @Test
    void equalEmbeddingAndHeadStayOne() {
        HfModel base = base(DType.F32, TIED);
        TinyAdapter adapter =
                onQueries(1)
                        .with("modules_to_save", List.of("embed_tokens", "lm_head"))
                        .tensor(EMBEDDING + ".weight", 12, 16);
        adapter.tensor(RenamedTensor.of(PEFT + "lm_head.weight", adapter.named("tokens.weight")));
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(merge.merged().config().tiedEmbeddings()).isTrue();
        assertThat(merge.merged().config().vocabSize()).isEqualTo(12);
        assertThat(merge.notes()).anyMatch(n -> n.contains("stay one"));
    }

    @Test
    void anEmbeddingsLoraIsAddedToTheEnlargedEmbeddingThatTheAdapterHolds() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(6)
                        .with("target_modules", List.of("embed_tokens"))
                        .with("modules_to_save", List.of("lm_head"))
                        .tensor(EMBEDDING + ".base_layer.weight", 12, 16)
                        .tensor(EMBEDDING + ".lora_embedding_A", 3, 12)
                        .tensor(EMBEDDING + ".lora_embedding_B", 16, 3)
                        .tensor("lm_head.weight", 12, 16);
        Merge merge = proven(merge(base, adapter.open()));
        assertThat(merge.merged().config().vocabSize()).isEqualTo(12);
        assertThat(values(merge.merged(), EMBEDDING + ".weight"))
                .isEqualTo(
                        embedded(LowRank.values(adapter.named("base_layer.weight")), adapter, 2));
    }

    /** PEFT's Embedding.merge casts what it adds, where Linear.merge doesn't. */
    @Test
    void whatIsAddedToAnEmbeddingIsRoundedByItselfFirst() {
        for (DType type : List.of(DType.F16, DType.BF16)) {
            HfModel base = base(type, Map.of());
            TinyAdapter adapter =
                    seeded(4)
                            .with("target_modules", List.of("embed_tokens"))
                            .tensor(EMBEDDING + ".lora_embedding_A", 3, 10)
                            .tensor(EMBEDDING + ".lora_embedding_B", 16, 3);
            float[] expected = values(base, EMBEDDING + ".weight");
            float[] added = embedded(new float[expected.length], adapter, 2);
            for (int i = 0; i < added.length; i++) {
                expected[i] = rounded(expected[i] + rounded(added[i], type), type);
            }
            assertThat(values(proven(merge(base, adapter.open())).merged(), EMBEDDING + ".weight"))
                    .isEqualTo(expected);
        }
    }

    @Test
    void doraOfAnEmbeddingKeepsTheDirectionOfItsColumns() {
        HfModel base = base(DType.F32, Map.of());
        TinyAdapter adapter =
                seeded(4)
                        .with("target_modules", List.of("embed_tokens"))
                        .with("use_dora", true)
                        .tensor(EMBEDDING + ".lora_embedding_A", 3, 10)
                        .tensor(EMBEDDING + ".lora_embedding_B", 16, 3)
                        .tensor(EMBEDDING + ".lora_magnitude_vector", 16);
        float[] sum = embedded(values(base, EMBEDDING + ".weight"), adapter, 2);
        float[] magnitude = LowRank.values(adapter.named("lora_magnitude_vector"));
        float[] merged = values(merge(base, adapter.open()).merged(), EMBEDDING + ".weight");
        for (int i = 0; i < merged.length; i++) {
            double squares = 0;
            for (int row = 0; row < 10; row++) squares += Math.pow(sum[row * 16 + i % 16], 2);
            assertThat((double) merged[i])
                    .isCloseTo(sum[i] * magnitude[i % 16] / Math.sqrt(squares), offset(1e-5));
        }
    }
}
