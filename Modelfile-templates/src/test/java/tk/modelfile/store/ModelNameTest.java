package tk.modelfile.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tk.error.UsageException;

import java.util.List;

class ModelNameTest {
    @Test
    void fillsInWhatIsLeftOut() {
        assertThat(ModelName.parse("tr-134m"))
                .isEqualTo(new ModelName("registry.ollama.ai", "library", "tr-134m", "latest"));
        assertThat(ModelName.parse("me/tr:q4"))
                .isEqualTo(new ModelName("registry.ollama.ai", "me", "tr", "q4"));
        assertThat(ModelName.parse("localhost:5000/me/tr"))
                .isEqualTo(new ModelName("localhost:5000", "me", "tr", "latest"));
        assertThat(ModelName.parse("https://hf.co/me/tr:Q5_K_M").host()).isEqualTo("hf.co");
    }

    @Test
    void takesTheCharactersThatOllamaTakes() {
        for (String good : List.of("_x", "0", "A.b-c_d", "m:1.5b", "x".repeat(80))) {
            assertThat(ModelName.find(good)).as(good).isPresent();
        }
        for (String bad :
                List.of(
                        "",
                        "-x",
                        ".x",
                        "./model.gguf",
                        "türkçe",
                        "a b",
                        "m:",
                        "m:a:b",
                        "/m",
                        "a/b/c/d",
                        "n.s/m",
                        "../x",
                        "x".repeat(81))) {
            assertThat(ModelName.find(bad)).as(bad).isEmpty();
        }
    }

    @Test
    void suggestsANameWithoutDiacritics() {
        assertThatThrownBy(() -> ModelName.parse("Türkçe Işık"))
                .isInstanceOf(UsageException.class)
                .extracting(e -> ((UsageException) e).hint())
                .asString()
                .contains("turkce-isik");
        assertThat(ModelName.suggestion("İyi Gün!")).isEqualTo("iyi-gun");
        assertThat(ModelName.suggestion("🙂")).isEqualTo("my-model");
        assertThat(ModelName.find(ModelName.suggestion("..ğ" + "x".repeat(100)))).isPresent();
    }

    @Test
    void printsNoMoreThanIsNeeded() {
        assertThat(ModelName.parse("m").display()).isEqualTo("m:latest");
        assertThat(ModelName.parse("m").shortest()).isEqualTo("m");
        assertThat(ModelName.parse("me/m:q4").shortest()).isEqualTo("me/m:q4");
        assertThat(ModelName.parse("hf.co/me/m").shortest()).isEqualTo("hf.co/me/m");
    }
}
