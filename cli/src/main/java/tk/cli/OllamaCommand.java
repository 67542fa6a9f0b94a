package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.store.OllamaStore;
import tk.modelfile.store.StoreAudit;
import tk.modelfile.store.StoredModel;

import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;

/** {@code tk ollama}: what lies in Ollama's store, and whether it is still what it was. */
@Command(
        name = "ollama",
        description = "Lists or audits Ollama's store of models; Ollama itself need not run.",
        subcommands = {OllamaCommand.ListModels.class, OllamaCommand.Audit.class})
final class OllamaCommand implements Runnable {
    @Mixin
    @SuppressWarnings("UnusedVariable") // the library reads it
    private CommonOptions common;

    @Spec private CommandSpec spec;

    @SuppressWarnings("NullAway.Init")
    OllamaCommand() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "tk ollama list, or tk ollama audit");
    }

    /** Which store is meant. */
    static final class Where {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "STORE",
                description = "The store (default: OLLAMA_MODELS, else ~/.ollama/models).")
        private @Nullable Path store;

        OllamaStore store(Console console) {
            return store == null ? InstallOptions.store(console) : new OllamaStore(store);
        }
    }

    /** {@code tk ollama list}. */
    @Command(name = "list", description = "Lists the models of a store, newest first.")
    static final class ListModels implements Callable<Integer> {
        @Mixin private CommonOptions common;
        @Mixin private Where where;

        @SuppressWarnings("NullAway.Init")
        ListModels() {}

        @Override
        public Integer call() {
            OllamaStore store = where.store(common.console());
            StoredModel.Listing listing = StoredModel.list(store);
            listing.problems().forEach(common::warn);
            JsonObject json =
                    new JsonObject(new LinkedHashMap<>())
                            .with("store", JsonValue.of(store.root().toString()))
                            .with(
                                    "models",
                                    JsonValue.of(
                                            listing.models().stream()
                                                    .map(ListModels::json)
                                                    .toList()))
                            .with("problems", JsonValue.of(listing.problems()));
            List<String> lines = new ArrayList<>();
            lines.add(row("NAME", "ID", "SIZE", "PARAMETERS", "TYPE", "MODIFIED"));
            for (StoredModel model : listing.models()) {
                lines.add(
                        row(
                                model.name().display(),
                                model.id(),
                                Sizes.bytes(model.bytes()),
                                model.config().string("model_type").orElse("?"),
                                model.config().string("file_type").orElse("?"),
                                DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT)
                                        .format(model.modified().atZone(ZoneId.systemDefault()))));
            }
            common.result(json, String.join("\n", lines));
            return 0;
        }

        private static String row(String... cells) {
            return String.format(Locale.ROOT, "%-40s %-12s %10s %10s  %-8s %s", (Object[]) cells)
                    .stripTrailing();
        }

        private static SequencedMap<String, Object> json(StoredModel model) {
            SequencedMap<String, Object> members = new LinkedHashMap<>();
            members.put("name", model.name().display());
            members.put("id", model.id());
            members.put("digest", "sha256:" + model.digest());
            members.put("bytes", model.bytes());
            members.put("modified", model.modified().toString());
            members.put("family", model.config().string("model_family"));
            members.put("parameters", model.config().string("model_type"));
            members.put("type", model.config().string("file_type"));
            return members;
        }
    }

    /** {@code tk ollama audit}. */
    @Command(
            name = "audit",
            description =
                    "Hashes every blob of a store again and parses every model: exit 0, or 3 where something is damaged.")
    static final class Audit implements Callable<Integer> {
        @Mixin private CommonOptions common;
        @Mixin private Where where;

        @SuppressWarnings("NullAway.Init")
        Audit() {}

        @Override
        public Integer call() {
            OllamaStore store = where.store(common.console());
            StoreAudit audit = StoreAudit.of(store, common.progress());
            common.result(json(store, audit), text(store, audit));
            return audit.pass() ? 0 : 3;
        }

        private static JsonObject json(OllamaStore store, StoreAudit audit) {
            SequencedMap<String, Object> members = new LinkedHashMap<>();
            members.put("store", store.root().toString());
            members.put("pass", audit.pass());
            members.put(
                    "models",
                    audit.models().stream()
                            .map(
                                    model -> {
                                        SequencedMap<String, Object> one = new LinkedHashMap<>();
                                        one.put("name", model.name().display());
                                        one.put("manifest", model.manifest().toString());
                                        one.put("pass", model.problems().isEmpty());
                                        one.put("problems", model.problems());
                                        return one;
                                    })
                            .toList());
            members.put("blobs", audit.blobs());
            members.put("bytes", audit.bytes());
            members.put("damaged", audit.damaged().stream().map(Path::toString).toList());
            members.put("unused", audit.unused().stream().map(Path::toString).toList());
            return (JsonObject) JsonValue.of(members);
        }

        private String text(OllamaStore store, StoreAudit audit) {
            Console console = common.console();
            List<String> lines = new ArrayList<>();
            for (StoreAudit.Model model : audit.models()) {
                boolean whole = model.problems().isEmpty();
                lines.add(
                        (whole
                                        ? console.styled("green", "  whole    ")
                                        : console.styled("bold,red", "  DAMAGED  "))
                                + model.name());
                model.problems().forEach(problem -> lines.add("           " + problem));
            }
            for (Path blob : audit.damaged()) {
                lines.add("  its bytes do not hash to its name: " + blob);
            }
            if (!audit.unused().isEmpty()) {
                lines.add(
                        "  %d blobs belong to no model; Ollama removes them when it starts"
                                .formatted(audit.unused().size()));
            }
            lines.add(
                    "%s  %s: %d models, %d blobs, %s"
                            .formatted(
                                    audit.pass()
                                            ? console.styled("bold,green", "WHOLE")
                                            : console.styled("bold,red", "DAMAGED"),
                                    store.root(),
                                    audit.models().size(),
                                    audit.blobs(),
                                    Sizes.bytes(audit.bytes())));
            if (!audit.pass()) {
                lines.add(
                        "Remove what is damaged with `ollama rm NAME`, and create, pull or package it again.");
            }
            return String.join("\n", lines);
        }
    }
}
