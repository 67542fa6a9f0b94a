package tk.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.convert.lora.Adapter;
import tk.error.TkException;
import tk.error.UnsafeException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.model.ModelSummary;
import tk.torch.PickleAudit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.Callable;

/** {@code tk inspect}: what a file holds; nothing in it is executed. */
@Command(
        name = "inspect",
        description =
                "Shows what a model file or folder holds: format, metadata, tensors, tokenizer."
                        + " Of a file refused as unsafe: what it would have called.")
final class InspectCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private InputOptions inputs;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Option(
            names = "--stats",
            description = "Minimum, maximum, mean and NaN/Inf counts of every tensor.")
    private boolean stats;

    @Option(
            names = "--hash",
            description = "SHA-256 of every tensor's contiguous little-endian bytes.")
    private boolean hash;

    @Parameters(index = "0", paramLabel = "PATH", description = "The file or folder.")
    private Path path;

    @SuppressWarnings("NullAway.Init")
    InspectCommand() {}

    @Override
    public Integer call() {
        if (Adapter.recognises(path)) {
            try (Adapter adapter = Adapter.open(path)) {
                JsonObject config = Json.readObject(adapter.folder().resolve(Adapter.CONFIG));
                show(ModelSummary.of("LoRA adapter", adapter.tensors(), config));
            }
            return 0;
        }
        try (ModelSource source = inputs.open(path)) {
            inputs.requireIntact(path, common);
            show(ModelSummary.of(source));
        } catch (UnsafeException e) {
            if (!Files.isRegularFile(path)) throw e;
            return refused(e);
        }
        return 0;
    }

    private void show(ModelSummary summary) {
        JsonObject json =
                summary.json(
                        hash,
                        tensor ->
                                stats
                                        ? TensorStatistics.of(tensor)
                                                .map(s -> (JsonObject) JsonValue.of(s.toJson()))
                                        : Optional.empty());
        boolean rows = tensors || stats || hash;
        common.result(json, common.json() ? "" : InspectText.of(summary, json, rows));
    }

    /** What the pickles of a refused file would look up and call. */
    private int refused(UnsafeException refusal) {
        PickleAudit audit;
        try {
            audit = PickleAudit.of(path);
        } catch (TkException e) {
            throw refusal;
        }
        List<JsonValue> lookups = new ArrayList<>();
        StringBuilder text = new StringBuilder("what it would look up and call:");
        for (PickleAudit.Lookup lookup : audit.lookups()) {
            lookups.add(json(lookup));
            text.append(System.lineSeparator()).append(InspectText.row(lookup));
        }
        audit.broken()
                .ifPresent(
                        why ->
                                text.append(System.lineSeparator())
                                        .append("  then it breaks off: ")
                                        .append(why));
        if (!common.json()) {
            common.console().out().println(text);
            throw refusal;
        }
        common.console().json(Console.error(refusal).with("lookups", new JsonArray(lookups)));
        return refusal.exit();
    }

    private static JsonObject json(PickleAudit.Lookup lookup) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("pickle", lookup.pickle());
        json.put("offset", lookup.offset());
        json.put("global", lookup.module() + "." + lookup.name());
        json.put("allowed", lookup.allowed());
        json.put("calls", lookup.calls());
        json.put("example", lookup.example());
        return (JsonObject) JsonValue.of(json);
    }
}
