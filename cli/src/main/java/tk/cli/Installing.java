package tk.cli;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.store.Installation;
import tk.modelfile.store.ModelName;
import tk.modelfile.store.OllamaStore;
import tk.verify.VerifiedArtifact;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The last step of a package that is installed.
 *
 * @param store where to
 * @param name under which
 * @param replace whether a model of that name may be replaced
 */
record Installing(OllamaStore store, ModelName name, boolean replace) {
    /** Refuses, before any work, a name that is taken. */
    void check() {
        Installation.check(store, name, replace);
    }

    Installation write(VerifiedArtifact verified, List<Instruction> instructions) {
        return Installation.write(verified, instructions, store, name, replace);
    }

    static JsonObject json(Installation installed) {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("name", installed.name().display());
        members.put("id", installed.id());
        members.put("manifest", installed.manifest().toString());
        members.put("model", installed.model().toString());
        return (JsonObject) JsonValue.of(members);
    }

    static String text(Installation installed) {
        return "Installed: ollama run %s  (%s)"
                .formatted(installed.name().shortest(), installed.manifest());
    }
}
