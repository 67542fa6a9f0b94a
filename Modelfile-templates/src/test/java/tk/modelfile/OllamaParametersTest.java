package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tk.error.UsageException;
import tk.json.JsonText;

import java.util.List;

class OllamaParametersTest {
    @Test
    void checksParametersAsOllamaDoes() {
        for (String name :
                List.of(
                        "num_ctx",
                        "num_batch",
                        "num_gpu",
                        "main_gpu",
                        "num_thread",
                        "num_keep",
                        "seed",
                        "num_predict",
                        "top_k",
                        "repeat_last_n",
                        "draft_num_predict")) {
            for (String good : List.of("0", "-1", "+4096", "9223372036854775807")) {
                assertThat(OllamaParameters.refusal(name, good)).as(name + good).isEmpty();
            }
            for (String bad :
                    List.of("", "4k", "1.0", "1e3", "9223372036854775808", "4_096", "٤")) {
                assertThat(OllamaParameters.refusal(name, bad)).as(name + bad).isPresent();
            }
        }
        for (String name :
                List.of(
                        "temperature",
                        "top_p",
                        "min_p",
                        "typical_p",
                        "repeat_penalty",
                        "presence_penalty",
                        "frequency_penalty")) {
            for (String good : List.of("0", "0.7", ".5", "1.", "-1e-3", "0x1p-2")) {
                assertThat(OllamaParameters.refusal(name, good)).as(name + good).isEmpty();
            }
            for (String bad : List.of("", "0,7", "hot", "NaN", "Inf", "1e39", "0.7f")) {
                assertThat(OllamaParameters.refusal(name, bad)).as(name + bad).isPresent();
            }
        }
        for (String good : List.of("1", "t", "T", "true", "TRUE", "True", "0", "false")) {
            assertThat(OllamaParameters.refusal("use_mmap", good)).isEmpty();
        }
        assertThat(OllamaParameters.refusal("use_mmap", "yes")).isPresent();
        assertThat(OllamaParameters.refusal("stop", "")).isEmpty();
        for (String removed : List.of("tfs_z", "numa", "rope_frequency_base", "num_gqa", "")) {
            assertThat(OllamaParameters.refusal(removed, "1"))
                    .hasValueSatisfying(why -> assertThat(why).contains("unknown"));
        }
        for (String deprecated :
                List.of(
                        "penalize_newline",
                        "low_vram",
                        "f16_kv",
                        "logits_all",
                        "vocab_only",
                        "use_mlock",
                        "mirostat",
                        "mirostat_tau",
                        "mirostat_eta")) {
            assertThat(OllamaParameters.isDeprecated(deprecated)).isTrue();
        }
        assertThatThrownBy(() -> OllamaParameters.check("num_ctx", "4k"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("whole number");
    }

    @Test
    void spellsNumbersAsGoDoes() {
        assertThat(value("temperature", "0.7")).isEqualTo("0.7");
        assertThat(value("temperature", "1.0")).isEqualTo("1");
        assertThat(value("temperature", "0.30000001")).isEqualTo("0.3");
        assertThat(value("temperature", "1e-7")).isEqualTo("1e-7");
        assertThat(value("temperature", "1.25e-9")).isEqualTo("1.25e-9");
        assertThat(value("temperature", "0.000001")).isEqualTo("0.000001");
        assertThat(value("temperature", "0x1p-2")).isEqualTo("0.25");
        assertThat(value("temperature", "-0")).isEqualTo("-0");
        assertThat(value("top_p", "1e21")).isEqualTo("1e+21");
        assertThat(value("num_ctx", "+4096")).isEqualTo("4096");
        assertThat(value("seed", "9007199254740993")).isEqualTo("9007199254740992");
        assertThat(value("seed", "9223372036854775807")).isEqualTo("9223372036854776000");
        assertThat(value("use_mmap", "T")).isEqualTo("true");
        assertThat(value("use_mmap", "0")).isEqualTo("false");
    }

    private static String value(String name, String text) {
        return JsonText.COMPACT.write(OllamaParameters.value(name, text));
    }
}
