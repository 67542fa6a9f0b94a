package tk.convert.lora;

import tk.convert.lora.ModuleSelection.AllLinear;
import tk.convert.lora.ModuleSelection.Named;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What {@code adapter_config.json} says of a LoRA, checked: PEFT's {@code LoraConfig} as far as it
 * decides what a merge gives.
 *
 * @param place the file, for errors
 * @param rank {@code r}
 * @param alpha {@code lora_alpha}
 * @param rsLora whether the scale is alpha/sqrt(r) in place of alpha/r
 * @param dora whether a magnitude a row is trained beside A and B
 * @param loraBias whether B has a bias
 * @param bias which biases of the base were trained
 * @param fanInFanOut what the file says; no family tk knows stores weights (in, out)
 * @param targets the modules with A and B
 * @param excluded modules without them that {@code targets} would mean
 * @param layers the layers that have them; empty: all
 * @param layersPattern what a path has before the layer's number; empty: anything
 * @param rankPattern ranks of single modules: the first expression that matches counts
 * @param alphaPattern alphas of single modules, likewise
 * @param modulesToSave endings of modules that were trained whole
 * @param tokenIndices rows of embeddings that were trained, by the embedding's name
 * @param ensureTying whether embedding and head were kept one while they were trained
 * @param baseModel what the adapter was trained on, as its author called it
 * @param unknown settings in use that PEFT 0.21 does not have, by name
 */
public record AdapterConfig(
        String place,
        int rank,
        double alpha,
        boolean rsLora,
        boolean dora,
        boolean loraBias,
        Bias bias,
        boolean fanInFanOut,
        ModuleSelection targets,
        Optional<ModuleSelection> excluded,
        List<Integer> layers,
        List<ModuleRegex> layersPattern,
        List<Pattern<Integer>> rankPattern,
        List<Pattern<Double>> alphaPattern,
        List<String> modulesToSave,
        SequencedMap<String, List<Integer>> tokenIndices,
        boolean ensureTying,
        Optional<String> baseModel,
        List<String> unknown) {

    /** Which biases of the base were trained, and replace the base's. */
    public enum Bias {
        /** None. */
        NONE,
        /** Every bias of the model. */
        ALL,
        /** Those of the modules with A and B. */
        LORA_ONLY;

        static Optional<Bias> named(String name) {
            for (Bias bias : values()) {
                if (bias.name().toLowerCase(Locale.ROOT).equals(name)) return Optional.of(bias);
            }
            return Optional.empty();
        }
    }

    /**
     * A value for the modules whose path ends in what an expression matches.
     *
     * @param regex over the whole path
     * @param value what holds there
     */
    public record Pattern<T>(ModuleRegex regex, T value) {}

    /** Copies the collections. */
    public AdapterConfig {
        layers = List.copyOf(layers);
        layersPattern = List.copyOf(layersPattern);
        rankPattern = List.copyOf(rankPattern);
        alphaPattern = List.copyOf(alphaPattern);
        modulesToSave = List.copyOf(modulesToSave);
        unknown = List.copyOf(unknown);
        tokenIndices = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tokenIndices));
    }

    /**
     * Reads one.
     *
     * @throws tk.error.MalformedException where a key has no value of its kind
     * @throws tk.error.UnsupportedException where it is no LoRA, or one of a kind that cannot be
     *     merged; the message names it
     */
    public static AdapterConfig read(Path file) {
        return AdapterConfigReader.read(file);
    }

    /** Whether the module at this path has A and B, were it a linear layer or an embedding. */
    boolean targets(String path) {
        if (excluded.isPresent() && excluded.get().contains(path)) return false;
        if (saved(path) || !targets.contains(path)) return false;
        if (targets instanceof Named(List<String> names) && names.contains(path)) return true;
        if (layers.isEmpty() || !(targets instanceof Named || targets instanceof AllLinear)) {
            return true;
        }
        // PEFT looks at the first pattern that matches, whether or not its number is in the match.
        return layersPattern.stream()
                .filter(pattern -> pattern.begins(path))
                .findFirst()
                .flatMap(pattern -> pattern.index(path))
                .filter(number -> number.length() < 9)
                .filter(number -> layers.contains(Integer.parseInt(number)))
                .isPresent();
    }

    /** Whether the module is, or lies within, one that was trained whole: PEFT lets that win. */
    private boolean saved(String path) {
        return modulesToSave.stream().anyMatch(m -> ("." + path + ".").contains("." + m + "."));
    }

    /** The rank of A and B at this path. */
    int rank(String path) {
        return first(rankPattern, path).orElse(rank);
    }

    /** What B·A is multiplied with at this path, before any {@code --scale}. */
    double scaling(String path) {
        double a = first(alphaPattern, path).orElse(alpha);
        int r = rank(path);
        return rsLora ? a / Math.sqrt(r) : a / r;
    }

    private static <T> Optional<T> first(List<Pattern<T>> patterns, String path) {
        return patterns.stream()
                .filter(p -> p.regex().matches(path))
                .map(Pattern::value)
                .findFirst();
    }

    /** Whether a parameter of this name belongs to a module that was trained whole. */
    boolean saves(String path) {
        // PEFT compares the ends of the texts, not of the components.
        return modulesToSave.stream().anyMatch(path::endsWith);
    }

    /** What a person may want to know of the kind. */
    public List<String> kinds() {
        List<String> kinds = new ArrayList<>();
        if (dora) kinds.add("DoRA");
        if (rsLora) kinds.add("rsLoRA");
        if (loraBias) kinds.add("lora_bias");
        if (bias != Bias.NONE) kinds.add("bias=" + bias.name().toLowerCase(Locale.ROOT));
        if (!modulesToSave.isEmpty()) kinds.add("modules_to_save=" + modulesToSave);
        for (Map.Entry<String, List<Integer>> tokens : tokenIndices.entrySet()) {
            kinds.add("%d trained rows of %s".formatted(tokens.getValue().size(), tokens.getKey()));
        }
        return kinds;
    }
}
