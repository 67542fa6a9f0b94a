package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Optional;

/** Expectations come from running gguf-py's own function on the same ids. */
class ModelIdTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            textBlock =
                    """
                    Llama-2-7b-chat-hf, 6738415616, Llama-2-7b-chat-hf, -, Llama-2, chat-hf, -, 7B
                    meta-llama/Llama-3.2-1B-Instruct, 1235814400, Llama-3.2-1B-Instruct, meta-llama, Llama-3.2, Instruct, -, 1B
                    Mistral-7B-Instruct-v0.2, 7241732096, Mistral-7B-Instruct-v0.2, -, Mistral, Instruct, v0.2, 7B
                    Mixtral-8x7B-v0.1, 46702792704, Mixtral-8x7B-v0.1, -, Mixtral, -, v0.1, 8x7B
                    bloom-7b1, 7069016064, bloom-7b1, -, bloom, -, -, 7.1B
                    Phi-3-mini-4k-instruct, 3821079552, Phi-3-mini-4k-instruct, -, Phi-3, 4k-instruct, -, mini
                    tr134m-f32, 134105856, tr134m-f32, -, -, -, -, -
                    minitr-hf, 7163136, minitr-hf, -, -, -, -, -
                    org/some model, 1000, org/some model, -, -, -, -, -
                    v1, 1000, v1, -, -, -, v1, -
                    ./model, 1000, model, -, -, -, -, -
                    my--odd-, 1000, my--odd-, -, -, -, -, -
                    TinyLlama-1.1B-Chat-v1.0, 1100048384, TinyLlama-1.1B-Chat-v1.0, -, TinyLlama, Chat, v1.0, 1.1B
                    """)
    void takesAnIdApart(
            String id,
            long parameters,
            String name,
            String organization,
            String basename,
            String finetune,
            String version,
            String size) {
        assertThat(ModelId.of(id, parameters))
                .isEqualTo(
                        new ModelId(
                                Optional.ofNullable(name),
                                Optional.ofNullable(organization),
                                Optional.ofNullable(basename),
                                Optional.ofNullable(finetune),
                                Optional.ofNullable(version),
                                Optional.ofNullable(size)));
    }

    @ParameterizedTest
    @CsvSource({
        "tr134m-F32, Tr134M F32",
        "minitr-hf, Minitr Hf",
        "Llama-2-7b-chat, Llama 2 7b Chat",
        "v1.5-base, v1.5 Base",
        "iyi-ılık_şey, Iyi Ilık_Şey",
        "a--b, A B"
    })
    void makesATitle(String id, String title) {
        assertThat(ModelId.title(id)).isEqualTo(title);
    }

    @Test
    void aNameOfNothingIsNothing() {
        assertThat(ModelId.title("")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "110000000, 110M",
        "1100048384, 1.1B",
        "7163136, 7.2M",
        "999, 1.0K",
        "10, 0.01K",
        "1000000, 1000K",
        "1000001, 1.0M",
        "9950000000, 10B",
        "8030261248, 8.0B",
        "405000000000, 405B",
        "2500000, 2.5M",
        "10500000, 10M",
        "1200000000001, 1.2T"
    })
    void labelsASize(long parameters, String label) {
        assertThat(SizeLabel.of(parameters)).isEqualTo(label);
    }
}
