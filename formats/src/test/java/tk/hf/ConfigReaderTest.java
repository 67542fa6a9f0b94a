package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class ConfigReaderTest {
    private static ModelConfig parse(String json) {
        return ConfigReader.parse(
                (JsonObject) Json.parse(json.replace('\'', '"').getBytes(UTF_8), "config.json"),
                "config.json");
    }

    private static RopeScaling scaling(String members) {
        return parse("{'model_type':'llama','max_position_embeddings':65536," + members + "}")
                .rope()
                .scaling();
    }

    /** A small llama with {@code members} besides. */
    private static ModelConfig llama(String members) {
        return parse(
                "{'model_type':'llama','hidden_size':64,'num_attention_heads':4" + members + "}");
    }

    @Test
    void readsTheModelCardsConfigWithoutArchitectures() {
        ModelConfig config =
                parse(
                        """
                        {"model_type": "llama", "hidden_size": 768, "num_hidden_layers": 12,
                         "num_attention_heads": 12, "intermediate_size": 2048, "rms_norm_eps": 1e-5,
                         "rope_theta": 10000.0, "vocab_size": 32000, "max_position_embeddings": 2048,
                         "tie_word_embeddings": true, "initializer_range": 0.02}
                        """);
        assertThat(config.architecture()).isEqualTo("LlamaForCausalLM");
        assertThat(config.kvHeads()).isEqualTo(12);
        assertThat(config.headDim()).isEqualTo(64);
        assertThat(config.normEps()).isEqualTo(1e-5);
        assertThat(config.rope()).isEqualTo(new ModelConfig.Rope(10000, new RopeScaling.None()));
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.bosTokenId()).contains(1);
        assertThat(config.eosTokenIds()).containsExactly(2);
        assertThat(config.padTokenId()).isEmpty();
        assertThat(config.dtype()).isEmpty();
        assertThat(config.slidingWindow()).isEmpty();
    }

    @Test
    void refusesCommentsAsTheModelCardPrintsThem(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("config.json");
        Files.writeString(file, "{\"model_type\": \"llama\", // a comment\n \"hidden_size\": 64}");
        assertThatThrownBy(() -> ConfigReader.read(file))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining("line 1");
    }

    @ParameterizedTest
    @CsvSource({
        "llama, LlamaForCausalLM, 32000, 4096, 11008, 32, 128, 2048, false",
        "mistral, MistralForCausalLM, 32000, 4096, 14336, 8, 128, 131072, false",
        "qwen2, Qwen2ForCausalLM, 151936, 4096, 22016, 32, 128, 32768, true",
        "qwen3, Qwen3ForCausalLM, 151936, 4096, 22016, 32, 128, 32768, false"
    })
    void fillsInEachFamilysOwnDefaults(
            String modelType,
            String architecture,
            int vocabulary,
            int hidden,
            int feedForward,
            int kvHeads,
            int headDim,
            int positions,
            boolean bias) {
        ModelConfig config = parse("{'model_type':'" + modelType + "'}");
        assertThat(config.architecture()).isEqualTo(architecture);
        assertThat(config.vocabSize()).isEqualTo(vocabulary);
        assertThat(config.hiddenSize()).isEqualTo(hidden);
        assertThat(config.feedForward()).isEqualTo(feedForward);
        assertThat(config.layers()).isEqualTo(32);
        assertThat(config.heads()).isEqualTo(32);
        assertThat(config.kvHeads()).isEqualTo(kvHeads);
        assertThat(config.headDim()).isEqualTo(headDim);
        assertThat(config.maxPositions()).isEqualTo(positions);
        assertThat(config.normEps()).isEqualTo(1e-6);
        assertThat(config.rope().theta()).isEqualTo(10000);
        assertThat(config.attentionBias()).isEqualTo(bias);
        assertThat(config.mlpBias()).isFalse();
    }

    @Test
    void takesBothSpellingsOfScaledRope() {
        RopeScaling expected = new RopeScaling.Llama3(8, 1, 4, 8192);
        String settings =
                "'factor':8.0,'low_freq_factor':1.0,'high_freq_factor':4.0,'original_max_position_embeddings':8192";
        for (String type : List.of("'rope_type':'llama3'", "'type':'llama3'")) {
            assertThat(scaling("'rope_theta':5e5,'rope_scaling':{" + type + "," + settings + "}"))
                    .isEqualTo(expected);
            assertThat(
                            scaling(
                                    "'rope_parameters':{'rope_theta':5e5,"
                                            + type
                                            + ","
                                            + settings
                                            + "}"))
                    .isEqualTo(expected);
        }
        assertThat(llama(",'rope_parameters':{'rope_theta':5e5}").rope().theta()).isEqualTo(5e5);
        assertThat(llama(",'rope_theta':5e5").rope().theta()).isEqualTo(5e5);
        assertThat(llama(",'rope_theta':1,'rope_parameters':{'rope_theta':2}").rope().theta())
                .isEqualTo(2);
        assertThat(llama(",'rope_theta':7,'rope_scaling':null").rope())
                .isEqualTo(new ModelConfig.Rope(7, new RopeScaling.None()));
    }

    @Test
    void readsEveryKindOfRopeScaling() {
        assertThat(scaling("'rope_scaling':{'type':'linear','factor':2}"))
                .isEqualTo(new RopeScaling.Linear(2));
        assertThat(scaling("'rope_scaling':{'type':'dynamic','factor':4.0}"))
                .isEqualTo(new RopeScaling.Dynamic(4));
        assertThat(scaling("'rope_scaling':{'rope_type':'default'}"))
                .isEqualTo(new RopeScaling.None());
        assertThat(
                        scaling(
                                "'rope_scaling':{'rope_type':'yarn','factor':null,'original_max_position_embeddings':4096,'beta_fast':0}"))
                .isEqualTo(
                        new RopeScaling.Yarn(
                                16,
                                4096,
                                32,
                                1,
                                java.util.Optional.empty(),
                                java.util.Optional.empty(),
                                java.util.Optional.empty()));
        ModelConfig longRope =
                llama(
                        ",'head_dim':4,'max_position_embeddings':4096,'original_max_position_embeddings':2048,"
                                + "'rope_scaling':{'type':'longrope','short_factor':[1,1.5],'long_factor':[2,3]}");
        assertThat(longRope.rope().scaling())
                .isEqualTo(
                        new RopeScaling.LongRope(
                                List.of(1.0, 1.5),
                                List.of(2.0, 3.0),
                                2.0,
                                2048,
                                java.util.Optional.empty()));
    }

    @Test
    void takesTheOriginalContextFromOutsideFirstAndFromTheContextLast() {
        String yarn =
                "'rope_scaling':{'type':'yarn','factor':2,'original_max_position_embeddings':1}";
        assertThat(scaling("'original_max_position_embeddings':99," + yarn))
                .extracting(s -> ((RopeScaling.Yarn) s).originalContext())
                .isEqualTo(99);
        assertThat(scaling("'rope_scaling':{'type':'yarn','factor':2}"))
                .extracting(s -> ((RopeScaling.Yarn) s).originalContext())
                .isEqualTo(65536);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'rope_scaling':{'type':'su','factor':2}",
                "'rope_parameters':{'rope_type':'proportional'}",
                "'rope_parameters':{'full_attention':{'rope_type':'default'}}",
                "'partial_rotary_factor':0.5",
                "'rope_parameters':{'partial_rotary_factor':0.25}",
                "'rope_scaling':{'type':'yarn','factor':2,'truncate':false}",
                "'hidden_act':'gelu'",
                "'quantization_config':{'quant_method':'gptq'}",
            })
    void refusesWhatItDoesNotConvertAsUnsupported(String members) {
        assertThatThrownBy(() -> scaling(members))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageStartingWith("config.json: ");
    }

    @ParameterizedTest
    @CsvSource({
        "GemmaForCausalLM, gemma",
        "Gemma3ForConditionalGeneration, gemma3",
        "Phi3ForCausalLM, phi3",
        "GPT2LMHeadModel, gpt2",
        "MixtralForCausalLM, mixtral",
        "Llama4ForConditionalGeneration, llama4",
        "Qwen2MoeForCausalLM, qwen2_moe",
        "Qwen3MoeForCausalLM, qwen3_moe",
        "Qwen2VLForConditionalGeneration, qwen2_vl",
        "LlamaForSequenceClassification, llama",
        "Mistral3ForConditionalGeneration, mistral3"
    })
    void refusesOtherFamiliesByName(String architecture, String modelType) {
        assertThatThrownBy(
                        () ->
                                parse(
                                        "{'architectures':['%s'],'model_type':'%s'}"
                                                .formatted(architecture, modelType)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining(architecture);
    }

    @Test
    void refusesOtherModelTypesAndContradictions() {
        assertThatThrownBy(() -> parse("{'model_type':'gpt2'}"))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("gpt2");
        assertThatThrownBy(() -> parse("{'hidden_size':64}"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("model_type");
        assertThatThrownBy(
                        () -> parse("{'architectures':['LlamaForCausalLM'],'model_type':'qwen2'}"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("LlamaForCausalLM")
                .hasMessageContaining("qwen2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'hidden_size':0 | hidden_size: expected a whole number from 1",
                "'hidden_size':-1 | hidden_size",
                "'hidden_size':1e99 | hidden_size",
                "'hidden_size':1e999999999 | hidden_size",
                "'hidden_size':null | hidden_size: expected a whole number from 1 to 1048576, found null",
                "'hidden_size':'64' | found \"64\"",
                "'hidden_size':64.5 | found 64.5",
                "'num_hidden_layers':9223372036854775808 | num_hidden_layers",
                "'num_hidden_layers':2000000000 | num_hidden_layers",
                "'vocab_size':-32000 | vocab_size",
                "'rms_norm_eps':0 | rms_norm_eps: expected a finite number above 0",
                "'rms_norm_eps':1e999 | rms_norm_eps",
                "'rope_theta':-1 | rope_theta",
                "'rope_scaling':3 | rope_scaling: expected an object, found 3",
                "'rope_scaling':{'type':'linear'} | rope_scaling.factor: missing",
                "'rope_scaling':{'type':'linear','factor':'x'} | rope_scaling.factor: expected a finite number above 0.0, found \"x\"",
                "'rope_scaling':{'type':7} | rope_scaling.type: expected a string, found 7",
                "'rope_scaling':{'type':'longrope','short_factor':[1,'a'],'long_factor':[]} | rope_scaling.short_factor[1]",
                "'rope_scaling':{'type':'longrope','short_factor':[1],'long_factor':[1]} | expected 64 numbers (head_dim / 2), found 1",
                "'rope_scaling':{'type':'llama3','factor':8,'low_freq_factor':4,'high_freq_factor':4} | high_freq_factor 4.0 must be above",
                "'num_attention_heads':5 | hidden_size 4096 is no multiple of num_attention_heads 5",
                "'num_key_value_heads':5 | num_attention_heads 32 is no multiple of num_key_value_heads 5",
                "'head_dim':7 | head_dim 7 is odd",
                "'eos_token_id':[2,'x'] | eos_token_id[1]",
                "'eos_token_id':[-3] | eos_token_id[0]",
                "'bos_token_id':-2 | bos_token_id",
                "'tie_word_embeddings':1 | tie_word_embeddings: expected true or false, found 1",
                "'dtype':{} | dtype: expected a string",
                "'architectures':'LlamaForCausalLM' | architectures: expected a list of class names",
                "'architectures':[1] | architectures: expected a list of class names",
            },
            quoteCharacter = '`')
    void refusesHostileAndWrongValuesWithTheirPath(String members, String message) {
        assertThatThrownBy(() -> parse("{'model_type':'llama'," + members + "}"))
                .isInstanceOf(MalformedException.class)
                .hasMessageStartingWith("config.json: ")
                .hasMessageContaining(message);
    }

    @Test
    void namesTheDefaultThatDoesNotFit() {
        assertThatThrownBy(() -> parse("{'model_type':'qwen2','num_attention_heads':4}"))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("num_key_value_heads 32 (its default");
    }

    @Test
    void tellsNullFromAbsent() {
        assertThat(parse("{'model_type':'mistral','num_key_value_heads':null}").kvHeads())
                .isEqualTo(32);
        assertThat(parse("{'model_type':'qwen3','head_dim':null,'hidden_size':2048}").headDim())
                .isEqualTo(64);
        assertThat(parse("{'model_type':'mistral'}").slidingWindow()).contains(4096);
        assertThat(parse("{'model_type':'mistral','sliding_window':null}").slidingWindow())
                .isEmpty();
        assertThat(parse("{'model_type':'qwen2','sliding_window':32768}").slidingWindow())
                .isEmpty();
        assertThat(
                        parse(
                                        "{'model_type':'qwen2','sliding_window':512,'use_sliding_window':true}")
                                .slidingWindow())
                .contains(512);
        assertThat(llama(",'bos_token_id':null").bosTokenId()).isEmpty();
        assertThat(llama(",'eos_token_id':null").eosTokenIds()).isEmpty();
        assertThat(llama(",'pad_token_id':-1").padTokenId()).isEmpty();
        assertThat(llama(",'head_dim':null").headDim()).isEqualTo(16);
    }

    @Test
    void readsSeveralEndTokensAndBothNamesOfTheType() {
        assertThat(llama(",'eos_token_id':[128001,128008,128009]").eosTokenIds())
                .containsExactly(128001, 128008, 128009);
        assertThat(llama(",'torch_dtype':'bfloat16'").dtype()).contains("bfloat16");
        assertThat(llama(",'dtype':'float32','torch_dtype':'bfloat16'").dtype())
                .contains("float32");
        assertThat(llama(",'head_dim':128").headDim()).isEqualTo(128);
        assertThat(llama(",'attention_bias':true,'mlp_bias':true").mlpBias()).isTrue();
    }

    @Test
    void readsWhatTransformersWrote() {
        ModelConfig mini = ConfigReader.read(Shared.path("fixtures/minitr/config.json"));
        assertThat(mini.hiddenSize()).isEqualTo(256);
        assertThat(mini.layers()).isEqualTo(6);
        assertThat(mini.dtype()).contains("float16");
        ModelConfig scaled =
                ConfigReader.read(Shared.path("fixtures/llama3/scaled31/hf/config.json"));
        assertThat(scaled.rope())
                .isEqualTo(new ModelConfig.Rope(500000, new RopeScaling.Llama3(8, 1, 4, 8192)));
        assertThat(scaled.kvHeads()).isEqualTo(2);
        ModelConfig bias = ConfigReader.read(Shared.path("fixtures/lora/base_bias/config.json"));
        assertThat(bias.attentionBias()).isTrue();
        assertThat(bias.mlpBias()).isTrue();
        ModelConfig old =
                ConfigReader.read(Shared.path("third-party/hf/tiny-random-llama/config.json"));
        assertThat(old.family()).isEqualTo(Family.LLAMA);
    }
}
