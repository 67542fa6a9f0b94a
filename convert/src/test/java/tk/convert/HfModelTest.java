package tk.convert;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.convert.Dialect.Rotary;
import tk.hf.ModelConfig;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class HfModelTest {
    private static final ModelConfig LLAMA = TinyModel.config("LlamaForCausalLM");

    private static HfModel model(List<Tensor> tensors, ModelConfig config) {
        return HfModel.of("model.pt", TinyModel.checkpoint(tensors), config, KeyMap.NONE);
    }

    @Test
    void metasRowsArePermutedBack() {
        List<Tensor> hf = TinyModel.tensors(Llama.TABLE, LLAMA, name -> name);
        List<Tensor> meta = new ArrayList<>();
        for (Tensor tensor : hf) {
            String name = tensor.info().name();
            LayerName layered = LayerName.of(name);
            String own =
                    Dialect.META.hfNames().entrySet().stream()
                            .filter(e -> e.getValue().equals(layered.template()))
                            .map(e -> layered.in(e.getKey()))
                            .findFirst()
                            .orElseThrow();
            Tensor rows =
                    name.contains("q_proj")
                            ? RotaryRows.of(tensor, 4, Rotary.PAIRS)
                            : name.contains("k_proj")
                                    ? RotaryRows.of(tensor, 2, Rotary.PAIRS)
                                    : tensor;
            meta.add(RenamedTensor.of(own, rows));
        }
        HfModel model = model(meta, LLAMA);
        assertThat(model.weights().tensors()).hasSize(hf.size());
        for (Tensor tensor : hf) {
            assertThat(TinyModel.bytes(model.weights().tensors().get(tensor.info().name())))
                    .isEqualTo(TinyModel.bytes(tensor));
        }
        assertThat(model.notes()).singleElement().asString().contains("Meta");
    }

    @Test
    void theTensorsDecideAboutTyingAndTheConfigFollows() {
        ModelConfig denies = TinyModel.config("LlamaForCausalLM");
        List<Tensor> tensors = new ArrayList<>(TinyModel.tensors(Llama.TABLE, denies, n -> n));
        Tensor embedding =
                tensors.stream()
                        .filter(tensor -> tensor.info().name().equals(HfModel.EMBEDDING))
                        .findFirst()
                        .orElseThrow();
        tensors.replaceAll(
                tensor ->
                        tensor.info().name().equals(HfModel.HEAD)
                                ? RenamedTensor.of(HfModel.HEAD, embedding)
                                : tensor);
        HfModel model = model(tensors, denies);
        assertThat(model.tying()).isEqualTo(Tying.EQUAL_BYTES);
        assertThat(model.config().tiedEmbeddings()).isTrue();
        assertThat(model.config().json().bool("tie_word_embeddings")).hasValue(true);
        assertThat(model.notes()).singleElement().asString().contains("tie_word_embeddings=false");
        assertThat(model.withoutTiedHead().weights().tensors()).doesNotContainKey(HfModel.HEAD);
    }

    @Test
    void anUntiedHeadStaysWhateverTheFlagSays() {
        ModelConfig claims =
                TinyModel.config("LlamaForCausalLM", Map.of("tie_word_embeddings", true));
        HfModel model = model(TinyModel.tensors(Llama.TABLE, LLAMA, n -> n), claims);
        assertThat(model.tying()).isEqualTo(Tying.UNTIED);
        assertThat(model.config().tiedEmbeddings()).isFalse();
        assertThat(model.withoutTiedHead().weights().tensors()).containsKey(HfModel.HEAD);
    }

    @Test
    void biasesThatAreThereAreSaidInTheConfig() {
        ModelConfig biased =
                TinyModel.config(
                        "LlamaForCausalLM", Map.of("attention_bias", true, "mlp_bias", true));
        HfModel model = model(TinyModel.tensors(Llama.TABLE, biased, n -> n), LLAMA);
        assertThat(model.config().attentionBias()).isTrue();
        assertThat(model.config().mlpBias()).isTrue();
    }
}
