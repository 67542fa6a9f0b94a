package tk.verify.evaluation;

import tk.checkpoint.Progress;
import tk.error.UsageException;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer.Specials;
import tk.verify.Perplexity;
import tk.verify.evaluation.EvaluationItem.Choice;
import tk.verify.evaluation.EvaluationItem.Generation;
import tk.verify.evaluation.EvaluationItem.Text;
import tk.verify.reference.LogitModel;
import tk.verify.tokens.Vocabulary;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Runs a model over an evaluation's items.
 *
 * <ul>
 *   <li>Choices: the sum of the log-likelihoods of a choice's tokens after the prompt's; the tokens
 *       are those of prompt and choice together, spaces at the prompt's end counting to the choice.
 *       What goes beyond the model's context is cut off at the prompt's beginning.
 *   <li>Generated text: the likeliest token each time, up to a token that ends a text, a stop text
 *       or the limit.
 *   <li>Texts: windows of the context's length that don't overlap, BOS before each where the
 *       vocabulary adds one; every other token is scored.
 * </ul>
 *
 * <p>The first two as EleutherAI's lm-evaluation-harness has it.
 */
public final class Evaluation {
    private final LogitModel model;
    private final Vocabulary vocabulary;
    private final Options options;

    private final Classification decisions = new Classification();
    private final Bleu bleu = new Bleu();
    private final double[] rouge = new double[4];
    private int choices;
    private int normalisedRight;
    private int generated;
    private int exact;
    private int texts;
    private long scored;
    private long bytes;
    private double loss;

    private Evaluation(LogitModel model, Vocabulary vocabulary, Options options) {
        this.model = model;
        this.vocabulary = vocabulary;
        this.options = options;
    }

    /**
     * How to run.
     *
     * @param maxTokens how long a generated text gets at most
     * @param context tokens a window of a text has; 0 for the model's context
     * @param chat puts a prompt into the model's chat template, where it is asked so; special
     *     tokens in what it gives are read as such, and nothing is put before it
     */
    public record Options(int maxTokens, int context, Optional<UnaryOperator<String>> chat) {
        /** Prompts as they are. */
        public Options(int maxTokens, int context) {
            this(maxTokens, context, Optional.empty());
        }

        /** Refuses what no text fits into. */
        public Options {
            if (maxTokens < 1) throw new UsageException("--max-tokens " + maxTokens);
            if (context < 0 || context == 1) throw new UsageException("--ctx " + context);
        }
    }

    /**
     * Scores a model.
     *
     * @param progress counts items
     * @throws tk.error.TkException where the weights cannot be read
     */
    public static Scores of(
            LogitModel model,
            Vocabulary vocabulary,
            List<EvaluationItem> items,
            Options options,
            Progress progress) {
        Evaluation evaluation = new Evaluation(model, vocabulary, options);
        progress.stage("evaluating", items.size());
        for (EvaluationItem item : items) {
            switch (item) {
                case Choice choice -> evaluation.choose(choice);
                case Generation generation -> evaluation.generate(generation);
                case Text text -> evaluation.predict(text);
            }
            progress.advance(1);
        }
        return evaluation.scores();
    }

    private void choose(Choice item) {
        int best = 0;
        int bestNormalised = 0;
        double most = Double.NEGATIVE_INFINITY;
        double mostNormalised = Double.NEGATIVE_INFINITY;
        String prompt = asked(item.prompt());
        for (int i = 0; i < item.choices().size(); i++) {
            String choice = item.choices().get(i);
            double found = logLikelihood(prompt, choice);
            double normalised = found / Math.max(1, choice.codePointCount(0, choice.length()));
            if (found > most) {
                most = found;
                best = i;
            }
            if (normalised > mostNormalised) {
                mostNormalised = normalised;
                bestNormalised = i;
            }
        }
        choices++;
        decisions.add(item.choices().get(best), item.choices().get(item.answer()));
        if (bestNormalised == item.answer()) normalisedRight++;
    }

    /** ln P(continuation | prompt), in nats. */
    private double logLikelihood(String prompt, String continuation) {
        String before = prompt.stripTrailing();
        int[] context = promptIds(before);
        int[] all = promptIds(prompt + continuation);
        if (context.length == 0) {
            // Something must come before the first token: BOS, or what ends another text.
            context = new int[] {beginning()};
            int[] begun = new int[all.length + 1];
            begun[0] = context[0];
            System.arraycopy(all, 0, begun, 1, all.length);
            all = begun;
        }
        int first = Math.min(context.length, all.length - 1);
        if (first < 1) return 0;
        int cut = Math.max(0, all.length - Math.max(2, model.contextLength()));
        cut = Math.min(cut, first - 1);
        int[] tokens = Arrays.copyOfRange(all, cut, all.length);
        double[] sum = new double[1];
        model.logits(
                tokens,
                first - cut - 1,
                (position, logits) -> {
                    if (position + 1 < tokens.length) {
                        sum[0] -= nll(logits, tokens[position + 1]);
                    }
                });
        return sum[0];
    }

    private int beginning() {
        return vocabulary
                .firstBos()
                .orElseGet(() -> vocabulary.eos().stream().min(Integer::compare).orElse(0));
    }

    private void generate(Generation item) {
        String text = write(item);
        generated++;
        bleu.add(text, item.references());
        Rouge found = Rouge.of(text, item.references());
        rouge[0] += found.one();
        rouge[1] += found.two();
        rouge[2] += found.longest();
        rouge[3] += found.summary();
        if (item.references().stream().anyMatch(r -> r.strip().equals(text.strip()))) exact++;
    }

    private String write(Generation item) {
        int most = item.maxTokens() > 0 ? item.maxTokens() : options.maxTokens();
        int[] prompt = promptIds(asked(item.prompt()));
        if (prompt.length == 0) prompt = new int[] {beginning()};
        String before = vocabulary.tokenizer().decode(prompt);
        int[] all = Arrays.copyOf(prompt, prompt.length + most);
        int length = prompt.length;
        String text = "";
        try (LogitModel.Session session = model.start()) {
            float[] logits = session.append(prompt);
            while (length < all.length) {
                int next = likeliest(logits);
                if (ends(next)) break;
                all[length++] = next;
                text = added(before, Arrays.copyOf(all, length));
                int stop = stop(text, item.stops());
                if (stop >= 0) return text.substring(0, stop);
                if (length < all.length) logits = session.append(next);
            }
        }
        return text;
    }

    private String added(String before, int[] ids) {
        String whole = vocabulary.tokenizer().decode(ids);
        return whole.startsWith(before) ? whole.substring(before.length()) : whole;
    }

    /** Where the first of the stop texts begins, or -1. */
    private static int stop(String text, List<String> stops) {
        int first = -1;
        for (String stop : stops) {
            int at = stop.isEmpty() ? -1 : text.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        return first;
    }

    /** Of the tokens that the vocabulary has; padding rows of the embedding are none. */
    private int likeliest(float[] logits) {
        int best = 0;
        int count = Math.min(logits.length, vocabulary.tokenizer().size());
        for (int i = 1; i < count; i++) {
            if (logits[i] > logits[best] || Float.isNaN(logits[best])) best = i;
        }
        return best;
    }

    private void predict(Text item) {
        int window = options.context() > 0 ? options.context() : Math.max(2, model.contextLength());
        int[] all = ids(item.text());
        boolean bos = vocabulary.addBos() && vocabulary.firstBos().isPresent();
        int begin = bos ? 1 : 0;
        int step = window - begin;
        for (int from = begin; from < all.length; from += step) {
            int[] part = Arrays.copyOfRange(all, from - begin, Math.min(all.length, from + step));
            if (bos) part[0] = vocabulary.firstBos().getAsInt();
            if (part.length < 2) continue;
            scored += part.length - 1;
            model.logits(
                    part,
                    (position, logits) -> {
                        if (position + 1 < part.length) loss += nll(logits, part[position + 1]);
                    });
        }
        bytes += item.text().getBytes(StandardCharsets.UTF_8).length;
        texts++;
    }

    private static double nll(float[] logits, int token) {
        return Perplexity.logSumExp(logits) - logits[token];
    }

    private String asked(String prompt) {
        return options.chat().map(chat -> chat.apply(prompt)).orElse(prompt);
    }

    /** Whether a token ends a text; in a chat every control token ends the turn. */
    private boolean ends(int token) {
        if (vocabulary.eos().contains(token)) return true;
        return options.chat().isPresent()
                && token < vocabulary.entries().size()
                && vocabulary.entries().get(token).types().equals(Set.of(TokenType.CONTROL));
    }

    private int[] promptIds(String text) {
        if (options.chat().isEmpty()) return ids(text);
        int rows = model.vocabularySize();
        int[] ids = vocabulary.tokenizer().encode(text, Specials.PARSE);
        return Arrays.stream(ids).filter(id -> id < rows).toArray();
    }

    private int[] ids(String text) {
        return vocabulary.ids(text, model.vocabularySize());
    }

    private Scores scores() {
        SequencedMap<String, Double> values = new LinkedHashMap<>();
        if (choices > 0) {
            values.put("accuracy", decisions.accuracy());
            values.put("accuracyNormalised", (double) normalisedRight / choices);
            values.put("f1", decisions.macroF1());
            values.put("f1Weighted", decisions.weightedF1());
        }
        if (generated > 0) {
            values.put("bleu", bleu.score());
            values.put("rouge1", rouge[0] / generated);
            values.put("rouge2", rouge[1] / generated);
            values.put("rougeL", rouge[2] / generated);
            values.put("rougeLsum", rouge[3] / generated);
            values.put("exactMatch", (double) exact / generated);
        }
        if (texts > 0 && scored > 0) {
            values.put("perplexity", Math.exp(loss / scored));
            values.put("bitsPerByte", loss / Math.log(2) / bytes);
        }
        return new Scores(values);
    }
}
