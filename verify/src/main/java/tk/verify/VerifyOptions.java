package tk.verify;

import tk.checkpoint.Progress;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What the user may say about a verification.
 *
 * @param prompts texts to verify on besides the built-in ones: tokens and logits
 * @param text a long text to measure perplexity and divergence on
 * @param context tokens a chunk of that text has
 * @param maxKld limit of the mean divergence in place of the type's own
 * @param minTop1 limit of the top-1 agreement, a share between 0 and 1
 * @param sample whether fewer prompts are enough; said in the report
 * @param threads how many
 * @param templates what compares the chat templates
 * @param progress told how far it is
 */
public record VerifyOptions(
        List<String> prompts,
        Optional<String> text,
        int context,
        OptionalDouble maxKld,
        OptionalDouble minTop1,
        boolean sample,
        int threads,
        TemplateCheck templates,
        Progress progress) {

    /** The built-in prompts, the types' own limits, all cores. */
    public static final VerifyOptions DEFAULT =
            new VerifyOptions(
                    List.of(),
                    Optional.empty(),
                    512,
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    false,
                    Runtime.getRuntime().availableProcessors(),
                    TemplateCheck.VERBATIM,
                    Progress.NONE);

    /** Copies the list. */
    public VerifyOptions {
        prompts = List.copyOf(prompts);
        if (threads < 1) throw new IllegalArgumentException("threads " + threads);
    }

    /** These options on further texts. */
    public VerifyOptions withPrompts(List<String> prompts) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }

    /** These options with a text to evaluate, in chunks of so many tokens. */
    public VerifyOptions withText(Optional<String> text, int context) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }

    /** These options with limits of the user's own. */
    public VerifyOptions withLimits(OptionalDouble maxKld, OptionalDouble minTop1) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }

    /** These options with fewer prompts, or all. */
    public VerifyOptions withSample(boolean sample) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }

    /** These options on so many threads. */
    public VerifyOptions withThreads(int threads) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }

    /** These options with another comparison of the chat templates. */
    public VerifyOptions withTemplates(TemplateCheck templates) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }

    /** These options with a listener. */
    public VerifyOptions withProgress(Progress progress) {
        return new VerifyOptions(
                prompts, text, context, maxKld, minTop1, sample, threads, templates, progress);
    }
}
