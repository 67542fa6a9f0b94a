package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue.JsonObject;
import tk.testing.Originals;
import tk.testing.Shared;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class ConfigWriterTest {
    private static JsonObject json(String text) {
        return (JsonObject) Json.parse(text.replace('\'', '"').getBytes(UTF_8), "config.json");
    }

    private static ModelConfig parse(String text) {
        return ConfigReader.parse(json(text), "config.json");
    }

    private static String text(JsonObject json) {
        return JsonText.HUGGING_FACE.write(json) + "\n";
    }

    @Test
    void completesTheModelCardsConfigAsSavePretrainedDoes() {
        ModelConfig card =
                parse(
                        """
                        {"model_type": "llama", "hidden_size": 768, "num_hidden_layers": 12,
                         "num_attention_heads": 12, "intermediate_size": 2048, "rms_norm_eps": 1e-5,
                         "rope_theta": 10000.0, "vocab_size": 32000, "max_position_embeddings": 2048,
                         "tie_word_embeddings": true, "initializer_range": 0.02}
                        """);
        JsonObject config = ConfigWriter.config(card, "float32", false);
        assertThat(text(config))
                .isEqualTo(
                        """
                        {
                          "architectures": [
                            "LlamaForCausalLM"
                          ],
                          "attention_bias": false,
                          "attention_dropout": 0.0,
                          "bos_token_id": 1,
                          "dtype": "float32",
                          "eos_token_id": 2,
                          "head_dim": 64,
                          "hidden_act": "silu",
                          "hidden_size": 768,
                          "initializer_range": 0.02,
                          "intermediate_size": 2048,
                          "max_position_embeddings": 2048,
                          "mlp_bias": false,
                          "model_type": "llama",
                          "num_attention_heads": 12,
                          "num_hidden_layers": 12,
                          "num_key_value_heads": 12,
                          "pad_token_id": null,
                          "pretraining_tp": 1,
                          "rms_norm_eps": 1e-05,
                          "rope_parameters": {
                            "rope_theta": 10000.0,
                            "rope_type": "default"
                          },
                          "tie_word_embeddings": false,
                          "transformers_version": "5.12.1",
                          "use_cache": true,
                          "vocab_size": 32000
                        }
                        """);
        assertThat(text(ConfigWriter.generation(config, Optional.empty())))
                .isEqualTo(
                        """
                        {
                          "_from_model_config": true,
                          "bos_token_id": 1,
                          "eos_token_id": 2,
                          "output_attentions": false,
                          "output_hidden_states": false,
                          "transformers_version": "5.12.1",
                          "use_cache": true
                        }
                        """);
    }

    @Test
    void writesWhatItReadsAsTheSameSettings() {
        for (String rope :
                List.of(
                        "'rope_theta':5e5,'rope_scaling':{'type':'linear','factor':2}",
                        "'rope_scaling':{'rope_type':'llama3','factor':8,'low_freq_factor':1,'high_freq_factor':4,'original_max_position_embeddings':8192}",
                        "'rope_scaling':{'type':'yarn','factor':4,'original_max_position_embeddings':512}",
                        "'rope_parameters':{'rope_theta':7,'rope_type':'dynamic','factor':2}")) {
            ModelConfig config = parse("{'model_type':'llama'," + rope + "}");
            JsonObject saved = ConfigWriter.config(config, "bfloat16", false);
            assertThat(ConfigReader.parse(saved, "saved").rope()).isEqualTo(config.rope());
            JsonObject older = ConfigWriter.withOlderSpellings(saved);
            assertThat(ConfigReader.parse(older, "older").rope()).isEqualTo(config.rope());
            assertThat(ConfigReader.parse(older.without("rope_parameters"), "oldest").rope())
                    .isEqualTo(config.rope());
        }
    }

    @Test
    void keepsAGenerationConfigButForItsNulls() {
        JsonObject config = ConfigWriter.config(parse("{'model_type':'llama'}"), "float16", false);
        JsonObject source =
                json(
                        "{'temperature':0.60,'top_p':9e-1,'pad_token_id':null,'eos_token_id':[1,2],'transformers_version':'4.40.0'}");
        assertThat(ConfigWriter.generation(config, Optional.of(source)))
                .isEqualTo(
                        json(
                                "{'temperature':0.6,'top_p':0.9,'eos_token_id':[1,2],'transformers_version':'5.12.1'}"));
    }

    @Test
    void equalsWhatTransformersWroteForTheFixtures() throws Exception {
        for (String folder :
                List.of(
                        "containers/hf_float16",
                        "containers/hf_float32",
                        "llama3/base/hf",
                        "llama3/scaled31/hf",
                        "lora/base_bias",
                        "meta/llama2_gqa/hf")) {
            Path config = Shared.path("fixtures/" + folder + "/config.json");
            ModelConfig read = ConfigReader.read(config);
            JsonObject saved =
                    ConfigWriter.config(read, read.dtype().orElseThrow(), read.tiedEmbeddings());
            assertThat(text(saved))
                    .as(folder)
                    .isEqualTo(
                            Files.readString(config)
                                    .replace("5.18.0", ConfigWriter.TRANSFORMERS_VERSION));
            assertThat(text(ConfigWriter.generation(saved, Optional.empty())))
                    .as(folder)
                    .isEqualTo(
                            Files.readString(config.resolveSibling("generation_config.json"))
                                    .replace("5.18.0", ConfigWriter.TRANSFORMERS_VERSION));
        }
    }

    private static final List<String> VARIANTS =
            List.of(
                    "{'model_type':'llama'}",
                    "{'model_type':'llama','hidden_size':64,'num_attention_heads':4,'rms_norm_eps':1e-5,'rope_theta':5e5,'temperature':0.7,'foo':[1,2.50,{'a':1E-7}],'torch_dtype':'float16','eos_token_id':[1,2,3]}",
                    "{'model_type':'llama','rope_scaling':{'type':'linear','factor':2.0},'rope_theta':1000000}",
                    "{'model_type':'llama','rope_scaling':{'rope_type':'llama3','factor':32.0,'low_freq_factor':1.0,'high_freq_factor':4.0,'original_max_position_embeddings':8192},'max_position_embeddings':131072,'rope_theta':500000.0}",
                    "{'model_type':'llama','rope_scaling':{'type':'yarn','factor':4.0},'original_max_position_embeddings':1024,'pad_token_id':0,'id2label':{'0':'LABEL_0','1':'LABEL_1'},'label2id':{'LABEL_0':0,'LABEL_1':1},'_name_or_path':'x/y','return_dict':true,'pretraining_tp':null}",
                    "{'model_type':'llama','bos_token_id':null,'eos_token_id':null,'head_dim':96,'attention_bias':true,'use_cache':false,'output_attentions':false,'_attn_implementation_autoset':true}",
                    "{'model_type':'mistral','sliding_window':null,'num_key_value_heads':4}",
                    "{'model_type':'mistral','rope_parameters':{'rope_theta':1e6,'rope_type':'default'},'sliding_window':128,'bos_token_id':1}",
                    "{'model_type':'qwen2','num_hidden_layers':3,'bos_token_id':151643,'eos_token_id':151645,'use_sliding_window':false,'sliding_window':32768,'max_window_layers':21,'rope_theta':1000000.0}",
                    "{'model_type':'qwen2','num_hidden_layers':3,'use_sliding_window':true,'max_window_layers':1,'sliding_window':77}",
                    "{'model_type':'qwen3','num_hidden_layers':2,'head_dim':64,'attention_bias':true,'rope_scaling':null,'rope_theta':1000000}",
                    "{'model_type':'qwen3','num_hidden_layers':2,'layer_types':['full_attention','full_attention'],'initializer_range':0.006}");

    @Test
    @Tag("interop")
    void equalsTransformersForEveryFamilyAndSpelling(@TempDir Path folder) throws Exception {
        for (int i = 0; i < VARIANTS.size(); i++) {
            Path in = Files.createDirectories(folder.resolve("in" + i));
            Files.writeString(in.resolve("config.json"), VARIANTS.get(i).replace('\'', '"'));
        }
        Path script = folder.resolve("save.py");
        Files.writeString(
                script,
                """
                import sys
                from transformers import AutoConfig, GenerationConfig
                names = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}
                for i in range(int(sys.argv[2])):
                    c = AutoConfig.from_pretrained(f"{sys.argv[1]}/in{i}")
                    c.standardize_rope_params()  # as building the model does once more
                    c.dtype = "float32"
                    c.architectures = [names[c.model_type] + "ForCausalLM"]
                    c.save_pretrained(f"{sys.argv[1]}/out{i}")
                    GenerationConfig.from_model_config(c).save_pretrained(f"{sys.argv[1]}/out{i}")
                """);
        Originals.run(Originals.python(), script, folder, VARIANTS.size());
        for (int i = 0; i < VARIANTS.size(); i++) {
            Path out = folder.resolve("out" + i);
            ModelConfig read = parse(VARIANTS.get(i));
            JsonObject saved = ConfigWriter.config(read, "float32", read.tiedEmbeddings());
            assertThat(text(saved))
                    .as(VARIANTS.get(i))
                    .isEqualTo(Files.readString(out.resolve("config.json")));
            assertThat(text(ConfigWriter.generation(saved, Optional.empty())))
                    .as(VARIANTS.get(i))
                    .isEqualTo(Files.readString(out.resolve("generation_config.json")));
        }
    }
}
