package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Any model card has front matter that is read, or none. */
class FrontMatterFuzzTest {
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        try {
            assertThat(FrontMatter.of(new String(data, UTF_8))).isNotNull();
        } catch (FrontMatter.Unreadable refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }
}
