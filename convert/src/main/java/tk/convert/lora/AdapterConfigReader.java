package tk.convert.lora;

import tk.convert.lora.AdapterConfig.Bias;
import tk.convert.lora.AdapterConfig.Pattern;
import tk.convert.lora.ModuleSelection.AllLinear;
import tk.convert.lora.ModuleSelection.Matching;
import tk.convert.lora.ModuleSelection.Named;
import tk.convert.lora.ModuleSelection.Unsaid;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/** Reads {@code adapter_config.json}; every value is checked before it is used. */
final class AdapterConfigReader {
    /** PEFT's own default for {@code r} and {@code lora_alpha}. */
    private static final int DEFAULT = 8;

    private static final int MOST = 1 << 24;

    /** Keys that change what the adapter means, with the kind of LoRA they stand for. */
    private static final Map<String, String> OTHER_KINDS =
            Map.of(
                    "use_qalora", "QALoRA",
                    "alora_invocation_tokens", "activated LoRA (aLoRA)",
                    "use_bdlora", "block-diagonal LoRA (BD-LoRA)",
                    "layer_replication", "a LoRA over replicated layers",
                    "target_parameters", "a LoRA on parameters of experts (target_parameters)",
                    "arrow_config", "Arrow routing",
                    "kasa_config", "KaSA",
                    "monteclora_config", "MonteCLoRA",
                    "velora_config", "VeLoRA",
                    "megatron_config", "a LoRA over Megatron's layers");

    /** PEFT's other settings, which a merge does not depend on. */
    private static final Set<String> OF_NO_EFFECT =
            Set.of(
                    "auto_mapping",
                    "corda_config",
                    "eva_config",
                    "inference_mode",
                    "init_lora_weights",
                    "loftq_config",
                    "lora_dropout",
                    "lora_ga_config",
                    "megatron_core",
                    "peft_version",
                    "qalora_group_size",
                    "revision",
                    "runtime_config",
                    "task_type");

    /** The settings that were looked at. */
    private final Set<String> read = new HashSet<>(OF_NO_EFFECT);

    private final String place;
    private final JsonObject json;

    private AdapterConfigReader(String place, JsonObject json) {
        this.place = place;
        this.json = json;
    }

    static AdapterConfig read(Path file) {
        return parse(file.toString(), Json.readObject(file));
    }

    static AdapterConfig parse(String place, JsonObject json) {
        return new AdapterConfigReader(place, json).read();
    }

    private AdapterConfig read() {
        refuseOtherPrograms();
        String kind =
                string("peft_type")
                        .orElseThrow(() -> wrong("peft_type", "expected \"LORA\", found nothing"));
        if (!kind.equals("LORA")) {
            throw new UnsupportedException(
                    "%s: a PEFT adapter of the kind %s, not a LoRA".formatted(place, kind),
                    "Merge it with PEFT itself (merge_and_unload, where that kind can be merged).");
        }
        refuseOtherKinds();
        refuseChangedBase();
        Bias bias =
                Bias.named(string("bias").orElse("none"))
                        .orElseThrow(() -> wrong("bias", "expected none, all or lora_only"));
        return new AdapterConfig(
                place,
                get("r").map(v -> whole("r", v, 1)).orElse(DEFAULT),
                get("lora_alpha").map(v -> number("lora_alpha", v)).orElse((double) DEFAULT),
                flag("use_rslora"),
                flag("use_dora"),
                flag("lora_bias"),
                bias,
                flag("fan_in_fan_out"),
                selection("target_modules").orElse(new Unsaid()),
                selection("exclude_modules"),
                get("layers_to_transform")
                        .map(v -> wholes("layers_to_transform", v))
                        .orElse(List.of()),
                layersPattern(),
                patterns("rank_pattern", (key, v) -> whole(key, v, 1)),
                patterns("alpha_pattern", this::number),
                get("modules_to_save").map(v -> strings("modules_to_save", v)).orElse(List.of()),
                tokenIndices(),
                flag("ensure_weight_tying"),
                string("base_model_name_or_path").filter(name -> !name.isBlank()),
                unknown());
    }

    /** Settings that nothing has read, unless they are off; so the last that is read. */
    private List<String> unknown() {
        return json.members().entrySet().stream()
                .filter(setting -> !read.contains(setting.getKey()) && !isOff(setting.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static boolean isOff(JsonValue value) {
        return switch (value) {
            case JsonNull ignored -> true;
            case JsonBoolean(boolean on) -> !on;
            case JsonString(String text) -> text.isEmpty();
            case JsonArray(List<JsonValue> items) -> items.isEmpty();
            case JsonObject(SequencedMap<String, JsonValue> members) -> members.isEmpty();
            case JsonNumber number -> number.asDouble() == 0;
        };
    }

    private void refuseOtherPrograms() {
        if (get("peft_type").isPresent() || get("lora_parameters").isEmpty()) return;
        throw new UnsupportedException(
                "%s: an adapter of mlx-lm, not of PEFT".formatted(place),
                "Merge it with mlx_lm.fuse, and give tk the model that it writes.");
    }

    private void refuseOtherKinds() {
        OTHER_KINDS.forEach(
                (key, kind) -> {
                    Optional<JsonValue> value = get(key);
                    boolean off =
                            value.isEmpty()
                                    || value.get().equals(new JsonBoolean(false))
                                    || value.get() instanceof JsonArray(List<JsonValue> items)
                                            && items.isEmpty();
                    if (off) return;
                    throw new UnsupportedException(
                            "%s: %s is set: %s cannot be merged here".formatted(place, key, kind),
                            "Merge it with PEFT itself, where that kind can be merged.");
                });
    }

    /** Initialisations that take something out of the base before the training begins. */
    private void refuseChangedBase() {
        String init = string("init_lora_weights").orElse("");
        // PEFT takes some of them in any case, and with more behind them (pissa_niter_4).
        String lower = init.toLowerCase(Locale.ROOT);
        if (Stream.of("pissa", "olora", "corda", "loftq", "lora_ga").noneMatch(lower::startsWith))
            return;
        throw new UnsupportedException(
                "%s: init_lora_weights \"%s\": the adapter belongs to a changed copy of the base, which is not told"
                        .formatted(place, init),
                "Save it once more with path_initial_model_for_weight_conversion, or merge it with PEFT.");
    }

    private Optional<ModuleSelection> selection(String key) {
        return get(key).<ModuleSelection>map(
                        value ->
                                switch (value) {
                                    case JsonString(String text) when text.equals("all-linear") ->
                                            new AllLinear();
                                    case JsonString(String text) ->
                                            new Matching(ModuleRegex.of(text, at(key)));
                                    default -> new Named(strings(key, value));
                                })
                .filter(s -> !(s instanceof Named(List<String> names)) || !names.isEmpty());
    }

    private List<ModuleRegex> layersPattern() {
        List<String> patterns =
                switch (get("layers_pattern").orElse(JsonNull.NULL)) {
                    case JsonNull ignored -> List.of();
                    case JsonString(String text) when text.isEmpty() -> List.of();
                    case JsonString(String text) -> List.of(text);
                    case JsonValue value -> strings("layers_pattern", value);
                };
        String number = "\\.(?P<idx>\\d+)\\.";
        if (patterns.isEmpty()) {
            return List.of(ModuleRegex.of(".*?\\.[^.]*" + number, at("layers_pattern")));
        }
        return patterns.stream()
                .map(p -> ModuleRegex.of("(?:^|.*?\\.)" + p + number, at("layers_pattern")))
                .toList();
    }

    private interface Reading<T> {
        T of(String key, JsonValue value);
    }

    private <T> List<Pattern<T>> patterns(String key, Reading<T> reading) {
        List<Pattern<T>> patterns = new ArrayList<>();
        object(key)
                .forEach(
                        (pattern, value) ->
                                patterns.add(
                                        new Pattern<>(
                                                ModuleRegex.of(
                                                        "(?:.*\\.)?(?:" + pattern + ")", at(key)),
                                                reading.of(key + "." + pattern, value))));
        return patterns;
    }

    private SequencedMap<String, List<Integer>> tokenIndices() {
        String key = "trainable_token_indices";
        SequencedMap<String, List<Integer>> indices = new LinkedHashMap<>();
        switch (get(key).orElse(JsonNull.NULL)) {
            case JsonNull ignored -> {}
            case JsonObject(SequencedMap<String, JsonValue> members) ->
                    members.forEach((name, v) -> indices.put(name, wholes(key + "." + name, v)));
            case JsonValue list -> indices.put("embed_tokens", wholes(key, list));
        }
        return indices;
    }

    private Optional<JsonValue> get(String key) {
        read.add(key);
        return json.get(key).filter(value -> value != JsonNull.NULL);
    }

    private Optional<String> string(String key) {
        // init_lora_weights is a boolean where nothing special was done.
        return get(key).filter(value -> !(value instanceof JsonBoolean))
                .map(
                        value -> {
                            if (value instanceof JsonString(String text)) return text;
                            throw wrong(key, "expected a text");
                        });
    }

    private boolean flag(String key) {
        return get(key).map(
                        value -> {
                            if (value instanceof JsonBoolean(boolean on)) return on;
                            throw wrong(key, "expected true or false");
                        })
                .orElse(false);
    }

    private SequencedMap<String, JsonValue> object(String key) {
        return get(key).map(
                        value -> {
                            if (value
                                    instanceof JsonObject(SequencedMap<String, JsonValue> members))
                                return members;
                            throw wrong(key, "expected an object");
                        })
                .orElseGet(LinkedHashMap::new);
    }

    private int whole(String key, JsonValue value, int least) {
        Optional<Long> number = value instanceof JsonNumber n ? n.asLong() : Optional.<Long>empty();
        return Math.toIntExact(
                number.filter(n -> n >= least && n <= MOST)
                        .orElseThrow(
                                () ->
                                        wrong(
                                                key,
                                                "expected a whole number from %d to %d"
                                                        .formatted(least, MOST))));
    }

    private double number(String key, JsonValue value) {
        if (value instanceof JsonNumber n && Math.abs(n.asDouble()) < 1e30) return n.asDouble();
        throw wrong(key, "expected a finite number");
    }

    private List<Integer> wholes(String key, JsonValue value) {
        if (value instanceof JsonNumber) return List.of(whole(key, value, 0));
        return items(key, value, item -> whole(key, item, 0));
    }

    private List<String> strings(String key, JsonValue value) {
        return items(
                key,
                value,
                item -> {
                    if (item instanceof JsonString(String text) && !text.isEmpty()) return text;
                    throw wrong(key, "expected names");
                });
    }

    private <T> List<T> items(String key, JsonValue value, Function<JsonValue, T> reading) {
        if (value instanceof JsonArray(List<JsonValue> items)) {
            return items.stream().map(reading).toList();
        }
        throw wrong(key, "expected a list");
    }

    private String at(String key) {
        return place + ": " + key;
    }

    private MalformedException wrong(String key, String what) {
        return new MalformedException(
                "%s: %s".formatted(at(key), what), "Correct it in adapter_config.json.");
    }
}
