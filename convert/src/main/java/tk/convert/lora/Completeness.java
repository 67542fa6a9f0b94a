package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;

import tk.convert.lora.AdapterConfig.Bias;
import tk.convert.lora.AdapterKey.Part;
import tk.error.MalformedException;
import tk.error.UnsupportedException;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Whether an adapter has tensors for everything that its configuration names, and for no more. */
final class Completeness {
    private final AdapterConfig config;
    private final BaseModules base;
    private final SortedTensors tensors;
    private final String place;

    Completeness(Adapter adapter, BaseModules base, SortedTensors tensors) {
        this.config = adapter.config();
        this.base = base;
        this.tensors = tensors;
        this.place = adapter.file().toString();
    }

    /**
     * Refuses what is missing.
     *
     * @return what a person should be told
     * @throws MalformedException where a module, parameter, bias or row has no tensors, or a module
     *     has some that the configuration does not name
     * @throws UnsupportedException where embedding and head share one LoRA
     */
    List<String> require() {
        requireTargets();
        List<String> notes = requireSaved();
        requireBiases();
        requireRows();
        return notes;
    }

    private void requireTargets() {
        Set<String> found = tensors.adapted();
        requireOnce(found);
        if (config.targets() instanceof ModuleSelection.Unsaid) return;
        List<String> wanted = base.matrices().stream().filter(config::targets).toList();
        List<String> missing = wanted.stream().filter(m -> !found.contains(m)).toList();
        if (!missing.isEmpty()) {
            throw new MalformedException(
                    "%s: %d of the %d modules that target_modules names have no tensors: %s"
                            .formatted(
                                    place,
                                    missing.size(),
                                    wanted.size(),
                                    SortedTensors.shown(missing)),
                    "Is this the base it was trained on? If it is, the adapter was saved incompletely.");
        }
        List<String> extra = found.stream().filter(m -> !wanted.contains(m)).toList();
        if (!extra.isEmpty()) {
            throw new MalformedException(
                    "%s: %d modules have tensors, but are not among target_modules: %s"
                            .formatted(place, extra.size(), SortedTensors.shown(extra)),
                    "Configuration and tensors are of different adapters.");
        }
    }

    /**
     * One LoRA for embedding and head at once: PEFT's own merge adds it twice to the one matrix.
     */
    private void requireOnce(Set<String> found) {
        boolean either = found.contains(EMBEDDING) || found.contains(HEAD);
        if (!config.ensureTying() || !base.tied() || !either) return;
        throw new UnsupportedException(
                "%s: ensure_weight_tying with a LoRA on the embedding: it cannot be merged here"
                        .formatted(config.place()),
                "PEFT's merge adds it twice, which is another model: keep base and adapter apart.");
    }

    private List<String> requireSaved() {
        List<String> notes = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String name : config.modulesToSave()) {
            boolean any = false;
            for (String parameter : base.shapes().keySet()) {
                if (!within(parameter, name)) continue;
                any = true;
                boolean there =
                        tensors.saved().containsKey(parameter)
                                || base.tied()
                                        && BaseModules.partner(parameter)
                                                .filter(tensors.saved()::containsKey)
                                                .isPresent();
                if (!there) missing.add(parameter);
            }
            if (!any)
                notes.add(
                        "modules_to_save names `%s`, which the base does not have".formatted(name));
        }
        List<String> unsaid = tensors.saved().keySet().stream().filter(this::isUnsaid).toList();
        if (!unsaid.isEmpty()) {
            notes.add(
                    "%d parameters are replaced that modules_to_save does not name, as PEFT does: %s"
                            .formatted(unsaid.size(), SortedTensors.shown(unsaid)));
        }
        if (missing.isEmpty()) return notes;
        throw new MalformedException(
                "%s: modules_to_save names parameters that have no tensors: %s"
                        .formatted(place, SortedTensors.shown(missing)),
                "The adapter was saved incompletely: save it again.");
    }

    /** Embedding and head are saved whenever the vocabulary was enlarged, or is trained on. */
    private boolean isUnsaid(String parameter) {
        boolean bias = parameter.endsWith(BIAS) && config.bias() != Bias.NONE;
        return !bias
                && BaseModules.partner(parameter).isEmpty()
                && config.modulesToSave().stream().noneMatch(name -> within(parameter, name));
    }

    /** Whether a module on the way to the parameter ends in the name: PEFT compares texts. */
    private static boolean within(String parameter, String name) {
        for (String path = BaseModules.module(parameter); ; path = BaseModules.module(path)) {
            if (path.endsWith(name)) return true;
            if (path.indexOf('.') < 0) return false;
        }
    }

    private void requireBiases() {
        if (config.bias() == Bias.NONE) return;
        List<String> missing =
                base.shapes().keySet().stream()
                        .filter(p -> p.endsWith(BIAS) && !tensors.saved().containsKey(p))
                        .filter(
                                p ->
                                        config.bias() == Bias.ALL
                                                || tensors.byModule()
                                                        .containsKey(BaseModules.module(p)))
                        .toList();
        if (missing.isEmpty()) return;
        throw new MalformedException(
                "%s: the configuration says that biases were trained, but these are missing: %s"
                        .formatted(place, SortedTensors.shown(missing)),
                "The adapter was saved incompletely: save it again.");
    }

    private void requireRows() {
        Set<String> rows = new LinkedHashSet<>();
        tensors.byModule()
                .forEach(
                        (module, parts) -> {
                            if (parts.containsKey(Part.TOKENS)) rows.add(module);
                        });
        requireOneMatrix(rows);
        for (String name : config.tokenIndices().keySet()) {
            boolean there = rows.stream().anyMatch(m -> m.equals(name) || m.endsWith("." + name));
            boolean tiedHead = base.tied() && name.endsWith(HEAD) && rows.contains(EMBEDDING);
            if (there || tiedHead) continue;
            throw new MalformedException(
                    "%s: trainable_token_indices names `%s`, which has no rows in the adapter"
                            .formatted(place, name),
                    "The adapter was saved incompletely: save it again.");
        }
    }

    /** Other rows for embedding and head, which are one matrix: each would undo the other's. */
    private void requireOneMatrix(Set<String> rows) {
        if (!base.tied() || !rows.contains(EMBEDDING) || !rows.contains(HEAD)) return;
        if (rowsOf(EMBEDDING).equals(rowsOf(HEAD))) return;
        throw new UnsupportedException(
                "%s: trainable_token_indices names other rows for the embedding than for the head, which is the same matrix"
                        .formatted(config.place()),
                "Untie the base before it is trained, or train the same rows of both.");
    }

    private List<Integer> rowsOf(String module) {
        return config.tokenIndices().entrySet().stream()
                .filter(e -> module.equals(e.getKey()) || module.endsWith("." + e.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(List.of());
    }
}
