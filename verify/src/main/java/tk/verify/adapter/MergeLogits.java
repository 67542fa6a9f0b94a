package tk.verify.adapter;

import tk.error.VerificationException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.verify.LogitComparison;
import tk.verify.LogitStatistics;
import tk.verify.Numbers;
import tk.verify.OpenedModel;
import tk.verify.Tolerances;
import tk.verify.corpus.Corpus;
import tk.verify.reference.Adaptation;
import tk.verify.reference.Adaptation.Beside;
import tk.verify.reference.LogitModel;
import tk.verify.reference.ReferenceModel;
import tk.verify.reference.ReferenceModels;
import tk.verify.tokens.Vocabulary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What a base, the base with adapters computed beside it, and the merged model say to the same
 * text: the last two must say the same.
 *
 * @param moved how far the merged model is from the base
 * @param merged how far it is from the base with the adapters beside it
 * @param limits of the latter
 * @param shared whether something was added to a matrix that is embedding and head in one: beside
 *     the base it changes one of them, merged both, so that the limits cannot hold
 * @param shown some positions, in order
 */
public record MergeLogits(
        LogitStatistics moved,
        LogitStatistics merged,
        Tolerances limits,
        boolean shared,
        List<Shown> shown) {
    /**
     * A wrong weight shows in every position, one of queries or keys from the second on. So few are
     * computed in plain loops before the JVM has vector code ready.
     */
    private static final int POSITIONS = 4;

    private static final int SHOWN = 6;

    /** Tokens of the text that are shown before a position. */
    private static final int CONTEXT = 6;

    /** A share of what the adapters change that rounding of 16-bit weights may take away. */
    private static final double ROUNDED_AWAY = 0.02;

    /** Copies the list. */
    public MergeLogits {
        shown = List.copyOf(shown);
    }

    /**
     * A position of the text.
     *
     * @param before the text up to there
     * @param likeliest the merged model's likeliest next token
     * @param base its logit by the base
     * @param unmerged by the base with the adapters beside it
     * @param merged by the merged model
     */
    public record Shown(
            String before, String likeliest, double base, double unmerged, double merged) {}

    /**
     * Runs the three models.
     *
     * @param base as its file is, read by this module's own names; stays open
     * @param merged the merged model; stays open
     * @param adapters in the order they were merged
     */
    public static MergeLogits of(
            ModelSource base, ModelSource merged, List<Adaptation> adapters, int threads) {
        ReferenceModels.Options options = ReferenceModels.Options.standard().withThreads(threads);
        OpenedModel opened = OpenedModel.of(base);
        OpenedModel result = OpenedModel.of(merged);
        Optional<Vocabulary> vocabulary =
                result.hasVocabulary() ? Optional.of(result.vocabulary()) : Optional.empty();
        boolean tied;
        float[][] found;
        float[][] alone;
        int[] ids;
        try (ReferenceModel first = opened.model(options);
                ReferenceModel last = result.model(options)) {
            // An adapter may have made the vocabulary larger or smaller.
            ids = ids(vocabulary, Math.min(first.vocabularySize(), last.vocabularySize()));
            alone = logits(first, ids);
            tied = !last.hasOwnHead();
            found = logits(last, ids);
        }
        float[][] beside;
        try (ReferenceModel second =
                opened.model(options.withAdapters(new Beside(adapters, tied)))) {
            beside = logits(second, ids);
        }
        return new MergeLogits(
                compare(alone, found),
                compare(beside, found),
                Tolerances.of(coarsest(merged)),
                tied && adapters.stream().anyMatch(MergeLogits::addsToEither),
                shown(ids, vocabulary, alone, beside, found));
    }

    private static int[] ids(Optional<Vocabulary> vocabulary, int rows) {
        int[] ids =
                vocabulary
                        .map(v -> v.ids(Corpus.longPrompts().getFirst(), rows))
                        .filter(known -> known.length > 0)
                        .orElseGet(
                                () -> new SplittableRandom(1).ints(POSITIONS, 0, rows).toArray());
        return Arrays.copyOf(ids, Math.min(ids.length, POSITIONS));
    }

    private static float[][] logits(LogitModel model, int[] ids) {
        float[][] all = new float[ids.length][];
        model.logits(ids, (position, logits) -> all[position] = logits.clone());
        return all;
    }

    private static LogitStatistics compare(float[][] reference, float[][] candidate) {
        LogitComparison comparison =
                new LogitComparison(Math.min(reference[0].length, candidate[0].length));
        for (int i = 0; i < reference.length; i++) {
            comparison.add(0, i, reference[i], candidate[i]);
        }
        return comparison.statistics();
    }

    /** The type with the fewest bits that a merged weight is rounded to. */
    private static DType coarsest(ModelSource merged) {
        DType coarsest = DType.F32;
        for (Tensor tensor : merged.weights().tensors().values()) {
            DType type = tensor.info().dtype();
            if (type == DType.BF16 || type == DType.F16 && coarsest == DType.F32) coarsest = type;
        }
        return coarsest;
    }

    private static boolean addsToEither(Adaptation adapter) {
        return adapter.added().containsKey(Adaptation.EMBEDDING)
                || adapter.added().containsKey(Adaptation.HEAD);
    }

    private static List<Shown> shown(
            int[] ids,
            Optional<Vocabulary> vocabulary,
            float[][] base,
            float[][] unmerged,
            float[][] merged) {
        List<Shown> shown = new ArrayList<>();
        int count = Math.min(SHOWN, ids.length);
        for (int i = 1; i <= count; i++) {
            int at = ids.length * i / count - 1;
            int top = 0;
            // A token that the base does not have has no logit there.
            int common = Math.min(base[at].length, merged[at].length);
            for (int token = 1; token < common; token++) {
                if (merged[at][token] > merged[at][top]) top = token;
            }
            int[] before = Arrays.copyOfRange(ids, Math.max(0, at + 1 - CONTEXT), at + 1);
            shown.add(
                    new Shown(
                            text(vocabulary, before),
                            text(vocabulary, new int[] {top}),
                            base[at][top],
                            unmerged[at][top],
                            merged[at][top]));
        }
        return shown;
    }

    private static String text(Optional<Vocabulary> vocabulary, int[] ids) {
        if (vocabulary.isEmpty()) return Arrays.toString(ids);
        for (int id : ids) {
            if (id >= vocabulary.get().tokenizer().size()) return Arrays.toString(ids);
        }
        return ids.length == 1
                ? vocabulary.get().tokenizer().piece(ids[0])
                : vocabulary.get().tokenizer().decode(ids);
    }

    /** Whether merged and unmerged say the same, as far as they can. */
    public boolean pass() {
        if (merged.nonFinite() > 0) return false;
        if (shared || merged.nmse() <= limits.maxNmse()) return true;
        boolean narrow = !limits.basis().equals(Tolerances.exact().basis());
        return narrow && merged.nmse() <= ROUNDED_AWAY * moved.nmse();
    }

    /**
     * Stops where they don't.
     *
     * @throws VerificationException with the figures
     */
    public void require() {
        if (pass()) return;
        throw new VerificationException(
                merged.nonFinite() > 0
                        ? "the logits of %d positions are not finite after the merge"
                                .formatted(merged.nonFinite())
                        : "the merged model's logits are %s from those of base and adapter apart (normalised square error; limit %s)"
                                .formatted(
                                        Numbers.three(merged.nmse()),
                                        Numbers.three(limits.maxNmse())),
                "Merge into f32, and report it if that fails too.");
    }

    /** The comparison in a line. */
    public String summary() {
        return "logits of %d positions: merged and unmerged differ by %s at most (NMSE %s%s); base and merged by %s, %s have another likeliest token"
                .formatted(
                        merged.positions(),
                        Numbers.three(merged.maxAbs()),
                        Numbers.three(merged.nmse()),
                        shared
                                ? ": what was added to the one matrix for embedding and head acts on both"
                                : "",
                        Numbers.three(moved.maxAbs()),
                        Numbers.percent(1 - moved.top1Agreement()));
    }

    /** As {@code report.json} has it. */
    public JsonObject toJson() {
        List<JsonValue> positions = new ArrayList<>();
        for (Shown position : shown) {
            positions.add(
                    new JsonObject(new LinkedHashMap<>())
                            .with("before", JsonValue.of(position.before()))
                            .with("likeliest", JsonValue.of(position.likeliest()))
                            .with("base", JsonValue.of(position.base()))
                            .with("unmerged", JsonValue.of(position.unmerged()))
                            .with("merged", JsonValue.of(position.merged())));
        }
        return new JsonObject(new LinkedHashMap<>())
                .with("pass", JsonValue.of(pass()))
                .with("positions", JsonValue.of(merged.positions()))
                .with("sharedMatrix", JsonValue.of(shared))
                .with("maxNmse", JsonValue.of(limits.maxNmse()))
                .with("unmergedToMerged", merged.toJson())
                .with("baseToMerged", moved.toJson())
                .with("shown", new JsonArray(positions));
    }
}
