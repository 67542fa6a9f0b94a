package tk.verify;

import tk.checkpoint.Checkpoint;
import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.gguf.GgufFile;
import tk.model.ModelSource;
import tk.quantize.BlockCodecs;
import tk.tensor.DType;
import tk.tensor.Tasks;
import tk.tensor.Tensor;
import tk.verify.corpus.Corpus;
import tk.verify.reference.LogitModel;
import tk.verify.settings.Setting;
import tk.verify.tokens.Vocabulary;
import tk.verify.weights.CanonicalWeights;
import tk.verify.weights.ControlWeights;
import tk.verify.weights.TensorDifference;
import tk.verify.weights.WeightComparison;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Proves that a file is the model it was made from, or shows where it is not.
 *
 * <p>The candidate is read back from disk; both models are read by maps of names, orders of rows
 * and meanings of settings that no converter shares. What the candidate gets wrong fails a gate;
 * what is wrong with the reference is an exception.
 */
public final class Verifier {
    /**
     * How many draws of rounding errors are tried before a loss is called more than rounding: where
     * a few errors decide what is likeliest, as beside one hidden value that is much larger than
     * the others, one draw says little of what the next may do.
     */
    private static final int CONTROLS = 5;

    private final OpenedModel reference;
    private final OpenedModel candidate;
    private final VerifyOptions options;

    private Verifier(OpenedModel reference, OpenedModel candidate, VerifyOptions options) {
        this.reference = reference;
        this.candidate = candidate;
        this.options = options;
    }

    /**
     * Runs all gates.
     *
     * @param reference what the candidate was made from; stays open, and the caller's
     * @param candidate a GGUF (also the first file of a split one) or a Hugging Face folder
     * @throws TkException where either cannot be opened, or the reference cannot be computed
     * @throws UnsupportedException where the candidate has a type that tk cannot read: that says
     *     nothing of the model
     */
    public static Verification verify(
            ModelSource reference, Path candidate, VerifyOptions options) {
        try (ModelSource opened = ModelSource.open(candidate, ModelSource.Options.NONE)) {
            requireCodecs(opened);
            List<Subject> subjects =
                    Tasks.run(
                            options.threads(),
                            "tk-hash",
                            List.of(
                                    () -> Subject.read(reference.path()),
                                    () ->
                                            opened.weights() instanceof GgufFile gguf
                                                    ? Subject.read(candidate, gguf.files())
                                                    : Subject.read(candidate)));
            Verifier verifier =
                    new Verifier(OpenedModel.of(reference), OpenedModel.of(opened), options);
            return verifier.run(subjects.getFirst(), subjects.getLast());
        }
    }

    private static void requireCodecs(ModelSource candidate) {
        for (Tensor tensor : candidate.weights().tensors().values()) {
            if (!tensor.info().dtype().isBlock()) continue;
            try {
                BlockCodecs.of(tensor.info().dtype());
            } catch (UnsupportedException e) {
                throw new UnsupportedException(
                        "%s: tensor `%s`: %s"
                                .formatted(candidate.path(), tensor.info().name(), e.getMessage()),
                        e.hint(),
                        e);
            }
        }
    }

    private Verification run(Subject referenceSubject, Subject candidateSubject) {
        Optional<Vocabulary> source =
                reference.hasVocabulary() ? Optional.of(reference.vocabulary()) : Optional.empty();
        Findings vocabularyFindings = new Findings(Gate.TOKENS);
        Optional<Vocabulary> vocabulary = candidateVocabulary(vocabularyFindings);
        int heads = reference.settings().whole(Setting.HEADS);
        int kvHeads = reference.settings().whole(Setting.KV_HEADS);
        CanonicalWeights sourceWeights = reference.weights(heads, kvHeads);
        int rows = sourceWeights.vocabulary();

        List<GateResult> gates = new ArrayList<>();
        Findings tensorFindings = new Findings(Gate.TENSORS);
        WeightComparison weights =
                compareWeights(sourceWeights, heads, kvHeads, source, vocabulary, tensorFindings);
        tensorFindings.failAll(weights.failures());
        tensorFindings.noteAll(weights.notes());
        gates.add(tensorFindings.result(describe(weights)));
        gates.add(MetadataGate.run(reference, candidate, source, vocabulary));

        List<String> texts = new ArrayList<>();
        Corpus.texts().values().forEach(texts::addAll);
        texts.addAll(options.prompts());
        TokenGate tokens = TokenGate.run(source, vocabulary, rows, texts);
        GateResult unreadable = vocabularyFindings.result("");
        gates.add(unreadable.pass() ? tokens.result() : unreadable);

        Tolerances limits = limits(weights).with(options.maxKld(), options.minTop1());
        Prompts prompts =
                Prompts.of(source, rows, reference.settings().whole(Setting.CONTEXT), options);
        Optional<CanonicalWeights> control =
                gates.getFirst().pass() && !weights.isExact()
                        ? Optional.of(sourceWeights)
                        : Optional.empty();
        Computed computed = compute(prompts, source, rows, limits, control);
        gates.addAll(computed.gates());
        gates.add(
                gates.size() - 1,
                options.templates()
                        .check(
                                source.flatMap(Vocabulary::chatTemplate),
                                vocabulary.flatMap(Vocabulary::chatTemplate)));
        long parameters = parameters(weights);
        return new Verification(
                referenceSubject,
                candidateSubject,
                gates,
                new Evidence(
                        parameters,
                        weights.tensors(),
                        computed.logits(),
                        computed.worst(),
                        computed.continuations(),
                        computed.text(),
                        tokens.tokens()),
                computed.limits(),
                options.templates().promptTemplate());
    }

    private Optional<Vocabulary> candidateVocabulary(Findings findings) {
        if (!candidate.hasVocabulary()) return Optional.empty();
        try {
            return Optional.of(candidate.vocabulary());
        } catch (TkException e) {
            findings.fail(e);
            return Optional.empty();
        }
    }

    private WeightComparison compareWeights(
            CanonicalWeights source,
            int heads,
            int kvHeads,
            Optional<Vocabulary> sourceVocabulary,
            Optional<Vocabulary> vocabulary,
            Findings findings) {
        int pieces = sourceVocabulary.map(v -> v.entries().size()).orElse(0);
        boolean importance =
                candidate
                        .source()
                        .gguf()
                        .flatMap(gguf -> gguf.get("quantize.imatrix.entries_count"))
                        .isPresent();
        try {
            return WeightComparison.of(
                    source,
                    candidate.weights(heads, kvHeads),
                    new WeightComparison.Options(
                            row ->
                                    row < pieces
                                            || vocabulary
                                                    .map(v -> v.declaresAdded(row))
                                                    .orElse(false),
                            importance,
                            options.threads(),
                            options.progress()));
        } catch (TkException e) {
            findings.fail(e);
            return new WeightComparison(List.of(), List.of(), List.of());
        }
    }

    /** How many values were compared; a head that is the embedding counts once. */
    private static long parameters(WeightComparison weights) {
        long sum = 0;
        for (TensorDifference tensor : weights.tensors()) sum += tensor.shape().elements();
        return sum;
    }

    private static String describe(WeightComparison weights) {
        List<TensorDifference> tensors = weights.tensors();
        long exact = tensors.stream().filter(TensorDifference::isExact).count();
        if (exact == tensors.size()) {
            return "all %d weights are the source's, to the bit".formatted(exact);
        }
        return "%d weights are there: %d hold the source's values, %d the nearest their type has"
                .formatted(tensors.size(), exact, tensors.size() - exact);
    }

    /** The limits of the type that is farthest from the source. */
    private static Tolerances limits(WeightComparison weights) {
        Tolerances widest = Tolerances.exact();
        for (TensorDifference tensor : weights.tensors()) {
            if (tensor.isExact()) continue;
            // A float that was only rounded to its type; a wrong one has failed its gate.
            DType type = tensor.to() == DType.F32 ? tensor.from() : tensor.to();
            Tolerances own = Tolerances.of(type);
            if (own.maxKld() > widest.maxKld()) widest = own;
        }
        return widest;
    }

    /** What the forward passes gave. */
    private record Computed(
            List<GateResult> gates,
            Tolerances limits,
            Optional<LogitStatistics> logits,
            List<Evidence.WorstToken> worst,
            List<Evidence.Continuation> continuations,
            Optional<KlDivergence> text) {}

    private Computed compute(
            Prompts prompts,
            Optional<Vocabulary> source,
            int rows,
            Tolerances ownLimits,
            Optional<CanonicalWeights> control) {
        try (LogitModel expected = reference.model(options.threads())) {
            LogitModel opened;
            try {
                opened = candidateModel(rows);
            } catch (TkException e) {
                // The candidate is no model that can be computed.
                Findings logits = new Findings(Gate.LOGITS);
                Findings behaviour = new Findings(Gate.BEHAVIOUR);
                logits.fail(e);
                behaviour.fail(e);
                return new Computed(
                        List.of(logits.result(""), behaviour.result("")),
                        ownLimits,
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        Optional.empty());
            }
            try (LogitModel found = opened;
                    LogitRun run = new LogitRun(expected, prompts.compared(), options.threads())) {
                LogitStatistics logits = run.compare(found, options.progress());
                Continuations continuations = Continuations.of(expected, found, prompts, source);
                Tolerances limits = ownLimits;
                for (int draw = 0; draw < CONTROLS && control.isPresent(); draw++) {
                    if (LogitGate.run(logits, limits, options.sample()).pass()
                            && continuations.gate(limits).pass()) break;
                    limits = limits.orControl(control(run, control.get(), draw), options.maxKld());
                }
                Optional<KlDivergence> text =
                        options.text().map(t -> evaluate(t, expected, found, source, rows));
                return new Computed(
                        List.of(
                                LogitGate.run(logits, limits, options.sample()),
                                continuations.gate(limits)),
                        limits,
                        Optional.of(logits),
                        Continuations.worst(logits, prompts, source),
                        continuations.texts(),
                        text);
            }
        }
    }

    private LogitModel candidateModel(int rows) {
        LogitModel model = candidate.model(options.threads());
        int found = model.vocabularySize();
        if (found >= rows) return model;
        model.close();
        throw new MalformedException(
                "%d rows in the embedding, expected at least %d".formatted(found, rows));
    }

    /** What rounding errors as large as the candidate's, and right, do to this model. */
    private LogitStatistics control(LogitRun run, CanonicalWeights source, int draw) {
        CanonicalWeights target =
                candidate.weights(
                        reference.settings().whole(Setting.HEADS),
                        reference.settings().whole(Setting.KV_HEADS));
        Checkpoint moved = ControlWeights.of(reference.source().weights(), source, target, draw);
        try (LogitModel model = reference.model(moved, options.threads())) {
            return run.compare(model, options.progress());
        }
    }

    private KlDivergence evaluate(
            String text,
            LogitModel expected,
            LogitModel found,
            Optional<Vocabulary> source,
            int rows) {
        Vocabulary vocabulary =
                source.orElseThrow(
                        () ->
                                new UsageException(
                                        "a text needs the source's tokenizer",
                                        "Give it with --tokenizer."));
        TextChunks chunks = TextChunks.of(vocabulary, text, rows, options.context(), 0);
        return KlDivergence.of(expected, found, chunks, options.progress());
    }
}
