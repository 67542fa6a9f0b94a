package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.json.JsonValue.JsonNumber;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.TensorInfo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class ConfigInferenceTest {
    private static TensorInfo tensor(String name, long... dims) {
        return new TensorInfo(name, DType.F32, new Shape(dims));
    }

    private static List<TensorInfo> huggingFace() {
        List<TensorInfo> tensors = new ArrayList<>();
        tensors.add(tensor("model.embed_tokens.weight", 8000, 256));
        for (int i = 0; i < 12; i++) {
            String layer = "model.layers." + i + ".";
            tensors.add(tensor(layer + "self_attn.q_proj.weight", 256, 256));
            tensors.add(tensor(layer + "self_attn.k_proj.weight", 64, 256));
            tensors.add(tensor(layer + "mlp.gate_proj.weight", 768, 256));
        }
        return tensors;
    }

    @Test
    void readsOffTheShapesWhatTheyTell() {
        ConfigInference known = ConfigInference.of(huggingFace()).orElseThrow();
        assertThat(known.hidden()).isEqualTo(256);
        assertThat(known.layers()).isEqualTo(12);
        assertThat(known.feedForward()).isEqualTo(768);
        assertThat(known.vocab()).isEqualTo(8000);
        assertThat(known.head()).isFalse();
        assertThat(known.headDim()).isEmpty();
        assertThat(known.family()).isEqualTo(Family.LLAMA);
    }

    @Test
    void saysWhatMustBeGivenAndHandsOutATemplate() {
        UsageException error =
                ConfigInference.missing(Path.of("model.pt"), huggingFace(), Optional.empty());
        assertThat(error.getMessage().lines().findFirst())
                .contains("model.pt: no config.json beside it, and none was given");
        assertThat(error)
                .hasMessageContaining("hidden_size 256, num_hidden_layers 12")
                .hasMessageContaining("num_attention_heads (heads x head_dim = 256)")
                .hasMessageContaining("num_key_value_heads (heads / 4)")
                .hasMessageContaining("rope_theta")
                .hasMessageContaining("rms_norm_eps");
        assertThat(error.hint())
                .contains("\"hidden_size\": 256")
                .contains("\"rope_theta\": \"?\"")
                .contains("\"tie_word_embeddings\": true");
    }

    @Test
    void neverLetsAnUnfinishedTemplatePassForAConfig() {
        ConfigInference known = ConfigInference.of(huggingFace()).orElseThrow();
        assertThatThrownBy(() -> ConfigReader.parse(known.template(), "config.json"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("num_attention_heads")
                .hasMessageContaining("\"?\"");
    }

    @Test
    void takesTheHeadsWidthFromTensorsThatHaveIt() {
        List<TensorInfo> tensors = huggingFace();
        tensors.add(tensor("model.layers.0.self_attn.rotary_emb.inv_freq", 16));
        ConfigInference known = ConfigInference.of(tensors).orElseThrow();
        assertThat(known.headDim()).contains(32L);
        assertThat(known.template().get("num_attention_heads")).contains(JsonNumber.of(8));
        assertThat(known.template().get("num_key_value_heads")).contains(JsonNumber.of(2));
        assertThat(known.unknown()).noneMatch(key -> key.startsWith("num_"));
    }

    @Test
    void tellsFamiliesByTheTensorsTheyHave() {
        List<TensorInfo> qwen2 = huggingFace();
        qwen2.add(tensor("model.layers.0.self_attn.q_proj.bias", 256));
        assertThat(ConfigInference.of(qwen2).orElseThrow().family()).isEqualTo(Family.QWEN2);
        List<TensorInfo> biased = new ArrayList<>(qwen2);
        biased.add(tensor("model.layers.0.self_attn.o_proj.bias", 256));
        ConfigInference llama = ConfigInference.of(biased).orElseThrow();
        assertThat(llama.family()).isEqualTo(Family.LLAMA);
        assertThat(llama.template().bool("attention_bias")).contains(true);
        List<TensorInfo> qwen3 = huggingFace();
        qwen3.add(tensor("model.layers.0.self_attn.q_norm.weight", 64));
        assertThat(ConfigInference.of(qwen3).orElseThrow().family()).isEqualTo(Family.QWEN3);
        assertThat(ConfigInference.of(qwen3).orElseThrow().headDim()).contains(64L);
    }

    @Test
    void readsMetasNamesUnderAnyPrefix() {
        ConfigInference known =
                ConfigInference.of(
                                List.of(
                                        tensor("net.tok_embeddings.weight", 512, 64),
                                        tensor("net.output.weight", 512, 64),
                                        tensor("net.layers.0.attention.wq.weight", 64, 64),
                                        tensor("net.layers.0.attention.wk.weight", 32, 64),
                                        tensor("net.layers.0.feed_forward.w1.weight", 172, 64),
                                        tensor("net.rope.freqs", 4)))
                        .orElseThrow();
        assertThat(known.layers()).isEqualTo(1);
        assertThat(known.head()).isTrue();
        assertThat(known.headDim()).contains(8L);
    }

    @Test
    void saysSoWhereTheTensorsAreAnotherKindOfModels() {
        List<TensorInfo> tensors = List.of(tensor("transformer.wte.weight", 50257, 768));
        assertThat(ConfigInference.of(tensors)).isEmpty();
        assertThat(ConfigInference.missing(Path.of("gpt2.pt"), tensors, Optional.empty()).hint())
                .contains("transformer.wte.weight");
    }
}
