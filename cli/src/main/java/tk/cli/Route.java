package tk.cli;

import tk.error.UsageException;
import tk.model.ModelSource;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From one format to another: {@code pt2hf}, {@code pt-to-hf} or {@code pt->hf}.
 *
 * @param from what the input must be
 * @param to what is written
 */
record Route(Format from, Format to) {
    private static final Pattern SPELLING =
            Pattern.compile("(pt|hf|meta|gguf)(?:2|-to-|->)(pt|hf|gguf)", Pattern.CASE_INSENSITIVE);

    /** A format as routes name it. */
    enum Format {
        PT,
        HF,
        META,
        GGUF;

        static Format named(String name) {
            for (Format format : values()) {
                if (format.name().equals(name.toUpperCase(Locale.ROOT))) return format;
            }
            throw new UsageException("no format `" + name + "`", "pt, hf, meta or gguf");
        }

        /** What an output's name says. */
        static Format of(Path output) {
            String name = String.valueOf(output.getFileName()).toLowerCase(Locale.ROOT);
            if (name.endsWith(".gguf")) return GGUF;
            if (name.endsWith(".pt") || name.endsWith(".pth")) return PT;
            return HF;
        }

        /** Refuses a source that is something else. */
        void check(ModelSource source) {
            boolean fits =
                    switch (this) {
                        case GGUF -> source.gguf().isPresent();
                        case PT -> source.format().startsWith("PyTorch");
                        case META -> source.format().startsWith("Meta");
                        case HF -> source.gguf().isEmpty();
                    };
            if (!fits) {
                throw new UsageException(
                        "%s is %s, not %s"
                                .formatted(
                                        source.path(),
                                        source.format(),
                                        name().toLowerCase(Locale.ROOT)),
                        "Leave the route out, or name the right one.");
            }
        }
    }

    /** The route that a text spells, if it spells one. */
    static Optional<Route> parse(String text) {
        Matcher m = SPELLING.matcher(text);
        if (!m.matches()) return Optional.empty();
        return Optional.of(new Route(Format.named(m.group(1)), Format.named(m.group(2))));
    }
}
