package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.error.UsageException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.modelfile.ChatQuestion;
import tk.verify.OpenedModel;
import tk.verify.evaluation.Evaluation;
import tk.verify.evaluation.EvaluationData;
import tk.verify.evaluation.EvaluationItem;
import tk.verify.evaluation.Scores;
import tk.verify.reference.ReferenceModel;
import tk.verify.tokens.Vocabulary;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

/** {@code tk eval}: what several models reach on the same data, side by side. */
@Command(
        name = "eval",
        description = "Scores models on a data set, side by side: original, fine-tuned, quantized.",
        footer = {
            "",
            "FILE has a JSON object a line; the members decide what it is, and forms may be mixed:",
            "  {\"prompt\": \"2 + 2 =\", \"choices\": [\" 3\", \" 4\"], \"answer\": 1}",
            "      the likeliest choice: accuracy (also by length), macro and weighted F1.",
            "      answer is an index from 0, or the choice's text",
            "  {\"prompt\": \"Translate: ...\", \"reference\": \"...\", \"max_tokens\": 64, \"stop\": [\"\\n\"]}",
            "      greedy text: BLEU (sacreBLEU's), ROUGE-1, -2, -L, -Lsum (rouge-score's), exact match.",
            "      references: [...] for several; max_tokens and stop where wanted",
            "  {\"text\": \"...\"}",
            "      perplexity, and bits per byte, which compares models of different tokenizers.",
            "Prompts are given as they are, or with --apply-chat-template as a user's turn."
        })
final class EvalCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private InputOptions inputs;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "The data, JSON lines.")
    private Path data;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Tokens of a generated text at most (default: ${DEFAULT-VALUE}).")
    private int maxTokens = 128;

    @Option(
            names = "--ctx",
            paramLabel = "N",
            description = "Tokens of a text that are seen at once (default: the model's context).")
    private @Nullable Integer context;

    @Option(
            names = {"--apply-chat-template", "--apply_chat_template"},
            description =
                    "Put every prompt into the model's own chat template, as the user's turn.")
    private boolean chat;

    @Parameters(arity = "1..*", paramLabel = "MODEL", description = "Models, in this order.")
    private List<Path> models = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    EvalCommand() {}

    @Override
    public Integer call() {
        List<EvaluationItem> items = EvaluationData.read(data);
        List<Scores> scores = new ArrayList<>();
        for (Path path : models) {
            common.note(path.toString());
            scores.add(score(path, items));
        }
        common.result(json(items, scores), table(scores));
        return 0;
    }

    private Scores score(Path path, List<EvaluationItem> items) {
        try (ModelSource source = inputs.open(path)) {
            OpenedModel opened = OpenedModel.of(source);
            if (!opened.hasVocabulary())
                throw new UsageException(
                        path + ": no tokenizer beside it", "Give it with --tokenizer.");
            Vocabulary vocabulary = opened.vocabulary();
            Evaluation.Options options =
                    new Evaluation.Options(
                            maxTokens,
                            context == null ? 0 : context,
                            chat ? Optional.of(question(path, vocabulary)) : Optional.empty());
            try (ReferenceModel model = opened.model(common.threads())) {
                return Evaluation.of(model, vocabulary, items, options, common.progress());
            }
        }
    }

    private static UnaryOperator<String> question(Path path, Vocabulary vocabulary) {
        String template =
                vocabulary
                        .chatTemplate()
                        .orElseThrow(
                                () ->
                                        new UsageException(
                                                path + ": has no chat template",
                                                "Leave --apply-chat-template out."));
        Map<String, String> specials = new LinkedHashMap<>();
        vocabulary
                .firstBos()
                .ifPresent(id -> specials.put("bos_token", vocabulary.tokenizer().piece(id)));
        vocabulary.eos().stream()
                .min(Integer::compare)
                .ifPresent(id -> specials.put("eos_token", vocabulary.tokenizer().piece(id)));
        return ChatQuestion.of(template, specials);
    }

    private JsonObject json(List<EvaluationItem> items, List<Scores> scores) {
        List<JsonValue> list = new ArrayList<>();
        for (int i = 0; i < scores.size(); i++) {
            SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
            members.put("path", JsonValue.of(models.get(i).toString()));
            members.putAll(scores.get(i).toJson().members());
            list.add(new JsonObject(members));
        }
        return new JsonObject(new LinkedHashMap<>())
                .with("data", JsonValue.of(data.toString()))
                .with("chatTemplate", JsonValue.of(chat))
                .with("items", JsonValue.of(items.size()))
                .with("models", JsonValue.of(list));
    }

    /** A row a measure, a column a model. */
    private String table(List<Scores> scores) {
        Set<String> measures = new LinkedHashSet<>();
        scores.forEach(s -> measures.addAll(s.values().keySet()));
        List<String> names = new ArrayList<>();
        int width = 12;
        for (Path path : models) {
            String name = String.valueOf(path.getFileName());
            names.add(name);
            width = Math.max(width, name.length());
        }
        StringBuilder out = new StringBuilder(" ".repeat(20));
        for (String name : names)
            out.append("  ").append(" ".repeat(width - name.length())).append(name);
        for (String measure : measures) {
            out.append('\n').append(String.format(Locale.ROOT, "%-20s", measure));
            for (Scores s : scores) {
                Double value = s.values().get(measure);
                String text = value == null ? "-" : String.format(Locale.ROOT, "%.4f", value);
                out.append("  ")
                        .append(" ".repeat(Math.max(0, width - text.length())))
                        .append(text);
            }
        }
        return out.toString();
    }
}
