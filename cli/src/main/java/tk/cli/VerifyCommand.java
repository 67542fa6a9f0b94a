package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.error.IoException;
import tk.filekind.TextFile;
import tk.json.JsonText;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.verify.Verification;
import tk.verify.Verifier;
import tk.verify.VerifyOptions;
import tk.verify.report.HtmlReport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code tk verify}: whether a file is still the model it was made from. */
@Command(
        name = "verify",
        description =
                "Checks that a candidate (GGUF or HF folder) is the model it was made from: exit 0, or 6.")
final class VerifyCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private InputOptions inputs;
    @Mixin private Verifying verifying;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = "Measure perplexity and KL divergence on this text.")
    private @Nullable Path text;

    @Option(
            names = "--ctx",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens a chunk of the text (default: ${DEFAULT-VALUE}).")
    private int context;

    @Option(names = "--sample", description = "Verify on fewer prompts; said in the report.")
    private boolean sample;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Write report.json and report.html there.")
    private @Nullable Path report;

    @Parameters(
            index = "0",
            paramLabel = "REFERENCE",
            description = "What the candidate was made from.")
    private Path reference;

    @Parameters(
            index = "1",
            paramLabel = "CANDIDATE",
            description = "The GGUF file or HF folder to check.")
    private Path candidate;

    @SuppressWarnings("NullAway.Init")
    VerifyCommand() {}

    @Override
    public Integer call() {
        VerifyOptions options =
                verifying
                        .options(common)
                        .withText(Optional.ofNullable(text).map(TextFile::verbatim), context)
                        .withSample(sample);
        try (ModelSource source = inputs.open(reference)) {
            Verification verification = Verifier.verify(source, candidate, options);
            JsonObject json = verification.toJson();
            if (report != null) write(report, verification, json);
            common.result(json, Verifying.text(verification, common.console()));
            return verification.pass() ? 0 : 6;
        }
    }

    private static void write(Path folder, Verification verification, JsonObject json) {
        try {
            Files.createDirectories(folder);
            Files.writeString(
                    folder.resolve("report.json"),
                    JsonText.PRETTY.write(Console.described(json)) + "\n");
            Files.writeString(folder.resolve("report.html"), HtmlReport.of(verification));
        } catch (IOException e) {
            throw new IoException(
                    folder + ": the report cannot be written: " + e.getMessage(), null, e);
        }
    }
}
