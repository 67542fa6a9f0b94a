package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.TensorInfo;
import tk.testing.Shared;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

class MetaConfigTest {
    private static Map<String, TensorInfo> weights(
            long vocab, long hidden, long ffn, boolean head) {
        Map<String, TensorInfo> weights = new HashMap<>();
        put(weights, "tok_embeddings.weight", vocab, hidden);
        put(weights, "layers.0.feed_forward.w1.weight", ffn, hidden);
        if (head) put(weights, "output.weight", vocab, hidden);
        return weights;
    }

    private static void put(Map<String, TensorInfo> weights, String name, long... dims) {
        weights.put(name, new TensorInfo(name, DType.BF16, new Shape(dims)));
    }

    private static ModelConfig config(
            String json, Map<String, TensorInfo> weights, boolean tiktoken) {
        return MetaConfig.of(
                (JsonObject) Json.parse(json.getBytes(UTF_8), "params.json"),
                "params.json",
                weights,
                tiktoken);
    }

    /** The widths of Meta's models, as their papers and releases give them. */
    @ParameterizedTest
    @CsvSource({
        "4096, 256, 1.0, 11008",
        "5120, 256, 1.0, 13824",
        "8192, 4096, 1.3, 28672",
        "4096, 1024, 1.3, 14336",
        "8192, 256, 1.0, 22016",
        "2048, 256, 1.5, 8192",
        "3072, 256, 1.0, 8192",
        "16384, 4096, 1.2, 53248",
    })
    void computesTheWidthOfTheMlpAsMetaDoes(int dim, int multipleOf, double factor, long width) {
        assertThat(MetaConfig.feedForward(dim, multipleOf, factor)).isEqualTo(width);
    }

    @Test
    void readsMistral() {
        String params =
                "{\"dim\": 4096, \"n_layers\": 32, \"head_dim\": 128, \"hidden_dim\": 14336, \"n_heads\": 32,"
                        + " \"n_kv_heads\": 8, \"norm_eps\": 1e-05, \"sliding_window\": 4096, \"vocab_size\": 32000}";
        ModelConfig config = config(params, weights(32000, 4096, 14336, true), false);
        assertThat(config.family()).isEqualTo(Family.MISTRAL);
        assertThat(config.slidingWindow()).contains(4096);
        assertThat(config.headDim()).isEqualTo(128);
        assertThat(config.maxPositions()).isEqualTo(32768);
        assertThatThrownBy(() -> config(params, weights(32000, 4096, 11008, true), false))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("hidden_dim is 14336, but w1 has 11008 rows");
        String second = params.replace("\"sliding_window\": 4096, ", "");
        assertThat(config(second, weights(32000, 4096, 14336, true), false).slidingWindow())
                .isEmpty();
    }

    @Test
    void readsLlama2() {
        ModelConfig config =
                config(
                        "{\"dim\": 4096, \"multiple_of\": 256, \"n_heads\": 32, \"n_layers\": 32, \"norm_eps\": 1e-05, \"vocab_size\": -1}",
                        weights(32000, 4096, 11008, true),
                        false);
        assertThat(config.vocabSize()).isEqualTo(32000);
        assertThat(config.feedForward()).isEqualTo(11008);
        assertThat(config.kvHeads()).isEqualTo(32);
        assertThat(config.maxPositions()).isEqualTo(4096);
        assertThat(config.rope().theta()).isEqualTo(10000);
        assertThat(config.eosTokenIds()).containsExactly(2);
        assertThat(config.tiedEmbeddings()).isFalse();
    }

    @Test
    void tellsTheGenerationByWhatDependsOnIt() {
        String llama1 =
                "{\"dim\": 4096, \"multiple_of\": 256, \"n_heads\": 32, \"n_layers\": 32, \"norm_eps\": 1e-06, \"vocab_size\": -1}";
        assertThat(config(llama1, weights(32000, 4096, 11008, true), false).maxPositions())
                .isEqualTo(2048);
        String code =
                "{\"dim\": 4096, \"n_heads\": 32, \"n_layers\": 32, \"norm_eps\": 1e-05, \"rope_theta\": 1000000}";
        assertThat(config(code, weights(32016, 4096, 11008, true), false).maxPositions())
                .isEqualTo(16384);
        String llama3 =
                "{\"dim\": 4096, \"n_layers\": 32, \"n_heads\": 32, \"n_kv_heads\": 8, \"vocab_size\": 128256, \"multiple_of\": 1024, \"ffn_dim_multiplier\": 1.3, \"norm_eps\": 1e-05, \"rope_theta\": 500000.0}";
        ModelConfig three = config(llama3, weights(128256, 4096, 14336, true), true);
        assertThat(three.maxPositions()).isEqualTo(8192);
        assertThat(three.bosTokenId()).contains(128000);
        assertThat(three.eosTokenIds()).containsExactly(128001);
        assertThat(three.kvHeads()).isEqualTo(8);
    }

    @Test
    void scalesRopeByEightAndInTheSmallModelsByThirtyTwo() {
        String json =
                "{\"dim\": %d, \"n_layers\": 16, \"n_heads\": 32, \"n_kv_heads\": 8, \"vocab_size\": 128256, \"norm_eps\": 1e-05, \"rope_theta\": 500000.0, \"use_scaled_rope\": true}";
        for (int dim : new int[] {2048, 3072, 4096}) {
            ModelConfig config =
                    config(json.formatted(dim), weights(128256, dim, 8192, true), true);
            assertThat(config.rope().scaling())
                    .isEqualTo(new RopeScaling.Llama3(dim < 4096 ? 32 : 8, 1, 4, 8192));
            assertThat(config.maxPositions()).isEqualTo(131072);
        }
    }

    @Test
    void refusesParamsOfOtherWeights() {
        String json =
                "{\"dim\": 4096, \"multiple_of\": 256, \"n_heads\": 32, \"n_layers\": 32, \"norm_eps\": 1e-05, \"vocab_size\": 32000}";
        assertThatThrownBy(() -> config(json, weights(32000, 4096, 11000, true), false))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("give 11008, but w1 has 11000 rows");
        assertThatThrownBy(() -> config(json, weights(32016, 4096, 11008, true), false))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("vocab_size is 32000, but tok_embeddings.weight has 32016");
        assertThatThrownBy(() -> config(json, Map.of(), false))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("tok_embeddings.weight");
        assertThatThrownBy(() -> config("{\"dim\":1e12}", Map.of(), false))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("params.json: dim:");
        assertThatThrownBy(() -> config("{\"moe_args\":{}}", Map.of(), false))
                .isInstanceOf(UnsupportedException.class);
    }

    @Test
    void readsParamsWithinAModelObject() {
        assertThat(
                        config(
                                        "{\"model\":{\"dim\": 64, \"n_heads\": 4, \"n_layers\": 2, \"norm_eps\": 1e-05}}",
                                        weights(512, 64, 192, false),
                                        false)
                                .tiedEmbeddings())
                .isTrue();
    }

    @Test
    void givesTheFixturesTheConfigTheyHaveAsFolders() throws Exception {
        check("meta/llama2_gqa/mp2/params.json", "meta/llama2_gqa", false);
        check("meta/llama2_mha/mp1/params.json", "meta/llama2_mha", false);
        check("llama3/scaled31/mp2/params.json", "llama3/scaled31", true);
    }

    private static void check(String params, String model, boolean tiktoken) throws Exception {
        Map<String, TensorInfo> weights = new HashMap<>();
        Json.readObject(Shared.path("fixtures/" + model + "/manifest_meta_merged.json"))
                .members()
                .forEach(
                        (name, entry) -> {
                            JsonArray shape = ((JsonObject) entry).array("shape").orElseThrow();
                            put(
                                    weights,
                                    name,
                                    shape.items().stream()
                                            .mapToLong(d -> ((JsonNumber) d).asLong().orElseThrow())
                                            .toArray());
                        });
        ModelConfig config = MetaConfig.read(Shared.path("fixtures/" + params), weights, tiktoken);
        Path expected = Shared.path("fixtures/" + model + "/hf/config.json");
        assertThat(
                        JsonText.HUGGING_FACE.write(ConfigWriter.config(config, "bfloat16", false))
                                + "\n")
                .isEqualTo(
                        Files.readString(expected)
                                .replace("5.18.0", ConfigWriter.TRANSFORMERS_VERSION));
    }
}
