package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.error.UsageException;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.TensorInfo;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a checkpoint's own settings and its shapes say together. */
class SavedConfigTest {
    private static final List<TensorInfo> TENSORS =
            List.of(
                    tensor("tok_embeddings.weight", 512, 64),
                    tensor("output.weight", 512, 64),
                    tensor("layers.0.attention.wq.weight", 64, 64),
                    tensor("layers.0.attention.wk.weight", 32, 64),
                    tensor("layers.0.feed_forward.w1.weight", 172, 64));

    private static TensorInfo tensor(String name, long... dims) {
        return new TensorInfo(name, DType.F32, new Shape(dims));
    }

    private static SavedConfig saved(String json) {
        return SavedConfig.of(Map.of(SavedConfig.KEY, json)).orElseThrow();
    }

    private static JsonObject config(String json) {
        return saved(json).with(ConfigInference.of(TENSORS).orElseThrow());
    }

    @Test
    void metasWordsMakeAConfig() {
        JsonObject json =
                config(
                        """
                        {"dim": 64, "n_layers": 1, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-05,
                         "max_seq_len": 256, "rope_theta": 10000.0, "dropout": 0.1}
                        """);
        assertThat(SavedConfig.isComplete(json)).isTrue();
        ModelConfig config = ConfigReader.parse(json, "x.pt");
        assertThat(config.heads()).isEqualTo(4);
        assertThat(config.kvHeads()).isEqualTo(2);
        assertThat(config.headDim()).isEqualTo(16);
        assertThat(config.maxPositions()).isEqualTo(256);
        assertThat(config.normEps()).isEqualTo(1e-5);
        assertThat(config.tiedEmbeddings()).isFalse();
        assertThat(json.get("dropout")).isEmpty();
    }

    @Test
    void transformersOwnSettingsKeepTheirFamilyAndRope() {
        JsonObject json =
                config(
                        """
                        {"model_type": "mistral", "hidden_size": 64, "num_attention_heads": 4,
                         "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "sliding_window": null,
                         "max_position_embeddings": 256,
                         "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 5e5}}
                        """);
        ModelConfig config = ConfigReader.parse(json, "x.pt");
        assertThat(config.architecture()).isEqualTo("MistralForCausalLM");
        assertThat(config.slidingWindow()).isEmpty();
        assertThat(config.rope().theta()).isEqualTo(5e5);
        assertThat(config.rope().scaling()).isInstanceOf(RopeScaling.Linear.class);
    }

    @Test
    void whatNeitherSaysIsAskedAndNothingElse() {
        SavedConfig llama2c = saved("{\"dim\": 64, \"n_heads\": 4, \"max_seq_len\": 256}");
        UsageException error =
                ConfigInference.missing(Path.of("x.pt"), TENSORS, Optional.of(llama2c));
        assertThat(error)
                .hasMessageContaining("from the file:   num_attention_heads 4")
                .hasMessageContaining("max_position_embeddings 256")
                .hasMessageContaining("must be given:   rms_norm_eps")
                .hasMessageContaining("rope_theta (")
                .hasMessageNotContaining("heads x head_dim");
        assertThat(error.hint())
                .contains("\"num_key_value_heads\": 2")
                .contains("\"rms_norm_eps\": \"?\"");
    }

    @Test
    void settingsOfAnotherModelSayNothing() {
        for (String other :
                List.of(
                        "{\"dim\": 128, \"n_heads\": 4}",
                        "{\"n_layer\": 6, \"n_head\": 4}",
                        "{\"n_heads\": 5}",
                        "{\"n_heads\": 4, \"n_kv_heads\": 4}")) {
            assertThat(config(other).string("num_attention_heads")).contains("?");
        }
    }

    @Test
    void aStretchedRopeIsAskedFor() {
        JsonObject json =
                config(
                        """
                        {"n_heads": 4, "norm_eps": 1e-05, "max_seq_len": 256, "rope_theta": 500000.0,
                         "use_scaled_rope": true}
                        """);
        assertThat(SavedConfig.isComplete(json)).isFalse();
    }
}
