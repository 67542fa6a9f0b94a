package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Progress;
import tk.model.ModelSource;
import tk.tensor.DType;
import tk.verify.evaluation.Evaluation;
import tk.verify.evaluation.EvaluationItem;
import tk.verify.evaluation.EvaluationItem.Choice;
import tk.verify.evaluation.EvaluationItem.Generation;
import tk.verify.evaluation.EvaluationItem.Text;
import tk.verify.reference.LogitModel;
import tk.verify.reference.ReferenceModel;
import tk.verify.tokens.Vocabulary;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Scores of a small model, held to what its logits say. */
class EvaluationTest {
    @TempDir static Path folder;

    private static ModelSource source;
    private static ReferenceModel model;
    private static Vocabulary vocabulary;

    @BeforeAll
    static void open() {
        Path input = TinyModel.llama().write(folder.resolve("model"), DType.F32);
        source = ModelSource.open(input, ModelSource.Options.NONE);
        model = OpenedModel.of(source).model(2);
        vocabulary = OpenedModel.of(source).vocabulary();
    }

    @AfterAll
    static void close() {
        model.close();
        source.close();
    }

    @Test
    void findsTheChoiceWithTheLargestLogLikelihood() {
        String prompt = "Saat kulesi";
        List<String> choices = List.of(" durdu.", " yürüdü ve gitti.", " x");
        double[] expected = new double[3];
        for (int c = 0; c < 3; c++) {
            int from = ids(prompt).length;
            int[] all = ids(prompt + choices.get(c));
            double[] sum = new double[1];
            model.logits(
                    all,
                    (position, logits) -> {
                        if (position + 1 >= from && position + 1 < all.length) {
                            sum[0] += logits[all[position + 1]] - Perplexity.logSumExp(logits);
                        }
                    });
            expected[c] = sum[0];
        }
        int best = 0;
        for (int c = 1; c < 3; c++) if (expected[c] > expected[best]) best = c;
        for (int answer = 0; answer < 3; answer++) {
            Map<String, Double> found = run(new Choice(prompt, choices, answer));
            assertThat(found.get("accuracy")).isEqualTo(answer == best ? 1 : 0);
        }
        // The same model likes what has one token best, and by length something else may win.
        Map<String, Double> normalised = run(new Choice(prompt, choices, best));
        assertThat(normalised)
                .containsOnlyKeys("accuracy", "accuracyNormalised", "f1", "f1Weighted");
    }

    @Test
    void writesWhatIsLikeliest() {
        int[] prompt = ids("Bir zamanlar");
        int[] all = Arrays.copyOf(prompt, prompt.length + 6);
        try (LogitModel.Session session = model.start()) {
            float[] logits = session.append(prompt);
            for (int i = prompt.length; i < all.length; i++) {
                int best = 0;
                for (int v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
                all[i] = best;
                logits = session.append(best);
            }
        }
        String whole = vocabulary.tokenizer().decode(all);
        String written = whole.substring(vocabulary.tokenizer().decode(prompt).length());
        Map<String, Double> found =
                run(new Generation("Bir zamanlar", List.of(written), 6, List.of()));
        assertThat(found.get("exactMatch")).isEqualTo(1);
        Map<String, Double> other =
                run(new Generation("Bir zamanlar", List.of("something else"), 6, List.of()));
        assertThat(other.get("exactMatch")).isZero();
        assertThat(other).containsKeys("bleu", "rouge1", "rouge2", "rougeL", "rougeLsum");
        // What it is to stop before is not part of it.
        String start = written.substring(0, 1);
        Map<String, Double> stopped =
                run(new Generation("Bir zamanlar", List.of(""), 6, List.of(start)));
        assertThat(stopped.get("exactMatch")).isEqualTo(1);
    }

    @Test
    void predictsTextsInWindows() {
        String text = "Saat kulesi yüz yıldır burada duruyor. Kuleye çıkan merdiven dardı.";
        int[] all = ids(text);
        int window = 16;
        double loss = 0;
        int scored = 0;
        for (int from = 1; from < all.length; from += window - 1) {
            int[] part = Arrays.copyOfRange(all, from - 1, Math.min(all.length, from + window - 1));
            part[0] = 1;
            double[] sum = new double[1];
            model.logits(
                    part,
                    (position, logits) -> {
                        if (position + 1 < part.length) {
                            sum[0] += Perplexity.logSumExp(logits) - logits[part[position + 1]];
                        }
                    });
            loss += sum[0];
            scored += part.length - 1;
        }
        assertThat(scored).isEqualTo(all.length - 1);
        Map<String, Double> found =
                Evaluation.of(
                                model,
                                vocabulary,
                                List.of(new Text(text)),
                                new Evaluation.Options(8, window),
                                Progress.NONE)
                        .values();
        assertThat(found.get("perplexity")).isCloseTo(Math.exp(loss / scored), within(1e-6));
        int bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        assertThat(found.get("bitsPerByte")).isCloseTo(loss / Math.log(2) / bytes, within(1e-9));
    }

    private static int[] ids(String text) {
        return vocabulary.ids(text, model.vocabularySize());
    }

    private static Map<String, Double> run(EvaluationItem item) {
        return Evaluation.of(
                        model,
                        vocabulary,
                        List.of(item),
                        new Evaluation.Options(8, 0),
                        Progress.NONE)
                .values();
    }
}
