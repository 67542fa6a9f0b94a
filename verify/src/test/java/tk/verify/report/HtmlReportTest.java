package tk.verify.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.verify.Numbers;
import tk.verify.SampleVerification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

class HtmlReportTest {
    private final String pass = HtmlReport.of(SampleVerification.of(true));
    private final String fail = HtmlReport.of(SampleVerification.of(false));

    @Test
    void beginsWithTheVerdict() throws IOException {
        // For looking at in a browser.
        Files.createDirectories(Path.of("target"));
        Files.writeString(Path.of("target/report-pass.html"), pass);
        Files.writeString(Path.of("target/report-fail.html"), fail);
        String body = pass.substring(pass.indexOf("<body>"));
        assertThat(body.indexOf("PASS")).isPositive().isLessThan(60);
        assertThat(fail).contains("FAIL", "tensors, logits failed", "Nothing was packaged");
    }

    @Test
    void needsNothingFromElsewhere() {
        assertThat(pass)
                .doesNotContain("<script", "<link", "<img", "src=", "@import", "url(", "http://");
        assertThat(pass).contains("default-src 'none'", "prefers-color-scheme: dark");
        assertThat(pass).contains("width=device-width");
    }

    @Test
    void escapesWhatAModelSays() {
        assertThat(pass)
                .contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;")
                .contains("&lt;b&gt;bold&lt;/b&gt; &amp; \u27e8U+202E\u27e9tersten")
                .contains("\u27e8U+0007\u27e9")
                .doesNotContain("<b>bold", "\u202e", "\u0007");
    }

    @Test
    void showsWhatAdaptersDidMergedAndApart() throws IOException {
        String page =
                HtmlReport.of(SampleVerification.of(true), Optional.of(SampleMerge.evidence()));
        Files.createDirectories(Path.of("target"));
        Files.writeString(Path.of("target/report-lora.html"), page);
        assertThat(page)
                .contains("Merged adapters", "24 tensors, each used once", "DoRA", "scaled by 0.5")
                .contains("to unmerged", "to base", "Türkiye&#39;nin", "5.8520")
                .contains("model.layers.0.self_attn.q_proj.weight", "1.20e-7")
                .contains("Embedding and head are one matrix", "&lt;rounding&gt; takes")
                .doesNotContain("<rounding>");
        assertThat(page.indexOf("Merged adapters")).isGreaterThan(page.indexOf("Gates"));
        assertThat(pass).doesNotContain("Merged adapters");
    }

    @Test
    void keepsTurkishText() {
        assertThat(pass).contains("İstanbul&#39;un ışıkları Boğaz&#39;ın", "Iğdır&#39;ın kışı");
    }

    @Test
    void closesEveryElement() {
        String merged =
                HtmlReport.of(SampleVerification.of(true), Optional.of(SampleMerge.evidence()));
        for (String page : new String[] {pass, fail, merged}) {
            for (String name :
                    new String[] {
                        "section", "table", "tr", "td", "th", "p", "ul", "li", "details", "div",
                        "svg", "bdi", "code", "span", "header", "footer", "h2", "summary"
                    }) {
                assertThat(count(page, "<" + name + "[ >]"))
                        .as(name)
                        .isEqualTo(count(page, "</" + name + ">"));
            }
        }
    }

    @Test
    void marksTheWeightThatIsWrong() {
        assertThat(fail).contains("<td class=\"bad\"");
        assertThat(pass).doesNotContain("<td class=\"bad\"");
    }

    @Test
    void writesNumbersTheSameEverywhere() {
        assertThat(Numbers.three(0)).isEqualTo("0");
        assertThat(Numbers.three(0.012345)).isEqualTo("0.0123");
        assertThat(Numbers.three(12.345)).isEqualTo("12.3");
        assertThat(Numbers.three(1234.5)).isEqualTo("1235");
        assertThat(Numbers.three(1.234e-7)).isEqualTo("1.23e-7");
        assertThat(Numbers.percent(1)).isEqualTo("100\u00a0%");
        assertThat(Numbers.percent(0.99999)).isEqualTo("99.99\u00a0%");
        assertThat(Numbers.bytes(83_500_000)).isEqualTo("79.6\u00a0MiB");
        assertThat(Numbers.whole(1234567)).isEqualTo("1\u202f234\u202f567");
    }

    private static long count(String text, String pattern) {
        return java.util.regex.Pattern.compile(pattern).matcher(text).results().count();
    }
}
