package tk.testing;

import tk.error.TkException;
import tk.error.UsageException;
import tk.error.VerificationException;

import java.util.Locale;
import java.util.regex.Pattern;

/** What a reader may answer to hostile bytes: it reads them, or refuses them in its own words. */
public final class Refusal {
    private static final Pattern MISNAMED =
            Pattern.compile(": is (part -?\\d+ of a model split in|the first of) ");

    private static final Pattern SEVERAL = Pattern.compile(": holds \\d+ state dicts: --key ");

    private Refusal() {}

    /**
     * Runs a reader over hostile bytes. Where it refuses them, it has to say why, and to blame the
     * bytes: any other exception is a bug, and so is the blame on whoever called it.
     */
    public static void orDone(Runnable reader) {
        try {
            reader.run();
        } catch (TkException refused) {
            boolean says = refused.getMessage() != null && !refused.getMessage().isBlank();
            if (!says
                    || refused instanceof UsageException
                    || refused instanceof VerificationException) {
                throw new AssertionError(
                        String.format(Locale.ROOT, "exit %d is no refusal", refused.exit()),
                        refused);
            }
        }
    }

    /**
     * As {@link #orDone}, of a GGUF file, which may say that it is a part of a split model: where
     * its name is no such part's, that is for whoever named it to mend.
     */
    public static void ofGgufOrDone(Runnable reader) {
        orAsks(MISNAMED, reader);
    }

    /** As {@link #orDone}, of a PyTorch file, which may ask which of its state dicts is meant. */
    public static void ofTorchOrDone(Runnable reader) {
        orAsks(SEVERAL, reader);
    }

    private static void orAsks(Pattern question, Runnable reader) {
        orDone(
                () -> {
                    try {
                        reader.run();
                    } catch (UsageException e) {
                        if (!question.matcher(e.getMessage()).find()) throw e;
                    }
                });
    }
}
