package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.convert.lora.TinyAdapter.PEFT;
import static tk.convert.lora.TinyAdapter.Q0;
import static tk.convert.lora.TinyAdapter.Q1;
import static tk.convert.lora.TinyAdapter.base;
import static tk.convert.lora.TinyAdapter.merge;
import static tk.convert.lora.TinyAdapter.onQueries;
import static tk.convert.lora.TinyAdapter.values;

import org.junit.jupiter.api.Test;

import tk.convert.HfModel;
import tk.convert.TinyModel;
import tk.error.MalformedException;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What the proof of a merge finds, and what it warns of. */
final class MergeProofTest {
    private static final String EMBEDDING = "model.embed_tokens";
    private static final String ROWS = EMBEDDING + ".token_adapter.trainable_tokens_delta";

    @Test
    void aProofFailsWhereAScaleIsWrong() {
        HfModel base = base(DType.BF16, Map.of());
        Merge right = merge(base, onQueries(1).open());
        Merge wrong = merge(base, onQueries(1).with("lora_alpha", 7).open());
        assertThat(MergeProof.of(right, wrong.merged().weights()).pass()).isFalse();
        assertThat(MergeProof.of(right, right.base().weights()).pass()).isFalse();
        assertThat(MergeProof.of(right, right.merged().weights()).pass()).isTrue();
    }

    @Test
    void warnsWhereRoundingTakesTheChangeAway() {
        HfModel base = base(DType.BF16, Map.of());
        Merge merge = merge(base, onQueries(1).with("lora_alpha", 1e-4).open());
        assertThat(MergeProof.of(merge, merge.merged().weights()).warnings())
                .anyMatch(w -> w.contains("rounding"));
    }

    /** Of so many rows it is only runs that are probed, from the first row to the last. */
    @Test
    void probesTheRowsThatWereTrained() {
        HfModel base = base(DType.F32, Map.of("vocab_size", 9000));
        TinyAdapter adapter = onQueries(1).with("trainable_token_indices", List.of(8999, 700));
        Merge right = merge(base, adapter.tensor(ROWS, 2, 16).open());
        assertThat(MergeProof.of(right, right.merged().weights()).pass()).isTrue();
        TinyAdapter other = onQueries(1).with("trainable_token_indices", List.of(8999, 701));
        Merge wrong = merge(base, other.tensor(adapter.named("tokens_delta")).open());
        assertThat(MergeProof.of(right, wrong.merged().weights()).modules())
                .filteredOn(m -> !m.pass())
                .singleElement()
                .satisfies(m -> assertThat(m.name()).isEqualTo(EMBEDDING + ".weight"));
    }

    /** Nothing was there that rounding could take a change of away. */
    @Test
    void doesNotWarnOfRowsThatTheBaseDoesNotHave() {
        HfModel base = base(DType.BF16, Map.of());
        TinyAdapter adapter =
                onQueries(1)
                        .with("trainable_token_indices", List.of(10, 11))
                        .tensor(ROWS, 2, 16)
                        .tensor(enlarged(base, EMBEDDING, ".token_adapter.base_layer.weight"))
                        .tensor(enlarged(base, "lm_head", ".weight"));
        Merge merge = merge(base, adapter.open());
        assertThat(MergeProof.of(merge, merge.merged().weights()).warnings()).isEmpty();
    }

    /** The base's 10 rows, and 2 more whose values BF16 does not have. */
    private static Tensor enlarged(HfModel base, String module, String ending) {
        float[] rows = Arrays.copyOf(values(base, module + ".weight"), 12 * 16);
        Arrays.fill(rows, 10 * 16, rows.length, 0.3f);
        return TinyModel.f32(PEFT + module + ending, new Shape(12, 16), rows);
    }

    @Test
    void anUntrainedAdapterAmongSeveralIsNamed() {
        TinyAdapter untrained = onQueries(2).without("lora_B.weight");
        for (String module : List.of(Q0, Q1)) {
            String name = PEFT + module + ".lora_B.weight";
            untrained.tensor(TinyModel.f32(name, new Shape(24, 3), new float[72]));
        }
        Merge merge = merge(base(DType.F32, Map.of()), onQueries(1).open(), untrained.open());
        MergeProof proof = MergeProof.of(merge, merge.merged().weights());
        assertThat(proof.moved()).isPositive();
        assertThatThrownBy(proof::require)
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("changes nothing");
    }
}
