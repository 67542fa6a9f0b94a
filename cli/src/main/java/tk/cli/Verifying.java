package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

import tk.error.UsageException;
import tk.filekind.TextFile;
import tk.modelfile.ChatTemplateCheck;
import tk.verify.GateResult;
import tk.verify.KlDivergence;
import tk.verify.Verification;
import tk.verify.VerifyOptions;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** The options of a verification, and how its outcome is told. */
final class Verifying {
    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "Texts to verify on besides the built-in ones, one a line.")
    private @Nullable Path prompts;

    @Option(
            names = "--max-kld",
            paramLabel = "X",
            converter = Divergence.class,
            description = "Limit of the mean KL divergence, in nats a token.")
    private @Nullable Double maxKld;

    @Option(
            names = "--min-top1",
            paramLabel = "X",
            converter = Share.class,
            description = "Limit of the top-1 agreement, from 0 to 1.")
    private @Nullable Double minTop1;

    /** Nats a token, from 0. */
    static final class Divergence implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return limit("--max-kld", text, Double.MAX_VALUE, "a number of nats, from 0");
        }
    }

    /** A share of positions. */
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return limit("--min-top1", text, 1, "a number from 0 to 1, such as 0.9");
        }
    }

    private static double limit(String option, String text, double most, String wanted) {
        try {
            double value = Double.parseDouble(text);
            if (value >= 0 && value <= most) return value;
        } catch (NumberFormatException none) {
            // Said below, as of a number out of range.
        }
        throw new UsageException(option + " " + text, "Give " + wanted + ".");
    }

    /** The texts that the user gives, an empty list without. */
    List<String> prompts() {
        return prompts == null
                ? List.of()
                : TextFile.read(prompts).lines().filter(l -> !l.isBlank()).toList();
    }

    VerifyOptions options(CommonOptions common) {
        return VerifyOptions.DEFAULT
                .withPrompts(prompts())
                .withLimits(optional(maxKld), optional(minTop1))
                .withThreads(common.threads())
                .withTemplates(ChatTemplateCheck.ALONE)
                .withProgress(common.progress());
    }

    private static OptionalDouble optional(@Nullable Double value) {
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /** The verdict and the gates, a line each. */
    static String text(Verification verification, Console console) {
        StringBuilder out = new StringBuilder();
        for (GateResult gate : verification.gates()) {
            out.append(
                            gate.pass()
                                    ? console.styled("green", "  pass  ")
                                    : console.styled("bold,red", "  FAIL  "))
                    .append(String.format(Locale.ROOT, "%-10s", gate.gate().label()))
                    .append(' ')
                    .append(gate.detail())
                    .append('\n');
        }
        verification.evidence().perplexity().ifPresent(text -> out.append(text(text)));
        out.append(
                verification.pass()
                        ? console.styled("bold,green", "PASS")
                                + "  the same model, as far as its type allows"
                        : console.styled("bold,red", "FAIL") + "  not the model it was made from");
        return out.toString();
    }

    /**
     * Perplexity and divergence in llama-perplexity's words. Like it, they compare with logits that
     * are kept in 16 bits, which cost little unless a text is far from what the model knows.
     */
    private static String text(KlDivergence text) {
        return String.format(
                Locale.ROOT,
                """
                        text       %d chunks, %d predictions
                        PPL        source %.4f ± %.4f, candidate %.4f ± %.4f
                        ln ratio   %.6f ± %.6f, against the source in 16 bits (PPL %.4f)
                        KLD        mean %.6f ± %.6f, median %.6f, 99%% %.6f, maximum %.6f
                        same top p %.3f %%
                """,
                text.reference().chunks(),
                text.reference().scored(),
                text.reference().value(),
                text.reference().uncertainty(),
                text.candidate().value(),
                text.candidate().uncertainty(),
                text.logRatio(),
                text.logRatioUncertainty(),
                text.base().value(),
                text.divergence().mean(),
                text.divergenceUncertainty(),
                text.divergence().quantile(0.5),
                text.divergence().quantile(0.99),
                text.divergence().max(),
                100 * text.sameTop());
    }
}
