package tk.cli;

import tk.checkpoint.StagedOutput;
import tk.error.IoException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.store.Installation;
import tk.verify.Verification;
import tk.verify.VerifiedArtifact;
import tk.verify.adapter.MergeEvidence;
import tk.verify.report.HtmlReport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What a package says of itself: {@code report.json} and {@code report.html} in its folder, and the
 * result on the terminal.
 *
 * @param target the package's folder
 * @param added byte tokens that the vocabulary was given
 * @param merged what was proven of the adapters that the source holds
 * @param bitsPerWeight where the weights were quantized
 */
record PackageReport(
        Path target,
        Optional<ByteTokens> added,
        Optional<AdapterProof> merged,
        Optional<Double> bitsPerWeight) {
    /** Writes both reports among what is staged. */
    void write(Verification verification, StagedOutput stage) {
        JsonObject json = verification.toJson();
        if (bitsPerWeight.isPresent())
            json = json.with("bitsPerWeight", JsonValue.of(bitsPerWeight.get()));
        if (added.isPresent()) json = json.with("byteFallback", added.get().json());
        Optional<MergeEvidence> merge = merged.map(AdapterProof::evidence);
        if (merge.isPresent()) json = json.with("lora", merge.get().toJson());
        try {
            String text = JsonText.PRETTY.write(Console.described(json)) + "\n";
            Files.writeString(stage.stage().resolve("report.json"), atTarget(text, stage));
            Files.writeString(
                    stage.stage().resolve("report.html"),
                    atTarget(HtmlReport.of(verification, merge), stage));
        } catch (IOException e) {
            throw new IoException(
                    stage.target() + ": the report cannot be written: " + e.getMessage(), null, e);
        }
    }

    /**
     * What was verified is still under its temporary name; the report names the place where it will
     * be.
     */
    private static String atTarget(String text, StagedOutput stage) {
        return text.replace(stage.stage().toString(), stage.target().toString());
    }

    /** Tells of a failure whose reports are in place, and fails. */
    void fail(Verification verification, CommonOptions common) {
        common.note(Verifying.text(verification, common.console()));
        common.note("report: " + target.resolve("report.html"));
        verification.requirePass();
    }

    /**
     * Prints the result.
     *
     * @param kind {@code gguf} or {@code folder}: its name in JSON
     * @param path of what was verified, at its place
     */
    void print(
            String kind,
            Path path,
            VerifiedArtifact verified,
            Optional<Installation> installed,
            CommonOptions common) {
        Verification verification = verified.verification();
        SequencedMap<String, Object> file = new LinkedHashMap<>();
        file.put("path", path.toString());
        file.put("bytes", verified.bytes());
        file.put("sha256", verified.sha256());
        JsonObject moved = verification.toJson();
        JsonObject candidate =
                moved.object("candidate").orElseThrow().with("path", JsonValue.of(path.toString()));
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with(kind, JsonValue.of(file))
                        .with("modelfile", JsonValue.of(target.resolve("Modelfile").toString()))
                        .with("report", JsonValue.of(target.resolve("report.json").toString()))
                        .with("verification", moved.with("candidate", candidate));
        if (merged.isPresent() && common.json())
            json = json.with("lora", merged.get().evidence().toJson());
        if (installed.isPresent()) json = json.with("installed", Installing.json(installed.get()));
        List<String> lines = new ArrayList<>();
        for (String line : merged.map(AdapterProof::summary).orElse(List.of())) {
            lines.add(common.console().styled("green", "  pass  ") + "lora       " + line);
        }
        lines.add(Verifying.text(verification, common.console()));
        lines.add("");
        lines.add(
                path
                        + "  "
                        + Sizes.bytes(verified.bytes())
                        + bitsPerWeight
                                .map(b -> String.format(Locale.ROOT, ", %.2f bits per weight", b))
                                .orElse(""));
        lines.add(target.resolve("Modelfile") + "  " + target.resolve("report.html"));
        lines.add(
                installed
                        .map(Installing::text)
                        .orElse(
                                "Run it: cd "
                                        + ShellWord.of(target)
                                        + " && ollama create my-model -f Modelfile && ollama run my-model"));
        common.result(json, String.join("\n", lines));
    }
}
