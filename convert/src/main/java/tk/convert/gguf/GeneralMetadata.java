package tk.convert.gguf;

import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The {@code general.*} keys of a GGUF file: who made what from what.
 *
 * <p>Each comes from the first of these that tells it: the model card, {@code _name_or_path} in the
 * config, the folder's name. Keys, types and order are convert_hf_to_gguf's.
 */
final class GeneralMetadata {
    /** Keys below {@code general.} in the order of the file. */
    private static final List<String> KEYS =
            List.of(
                    "name",
                    "author",
                    "version",
                    "organization",
                    "finetune",
                    "basename",
                    "description",
                    "quantized_by",
                    "size_label",
                    "license",
                    "license.name",
                    "license.link",
                    "source.url",
                    "source.doi",
                    "source.uuid",
                    "source.repo_url");

    /** Key, and the model card's fields that tell it, best first. */
    private static final SequencedMap<String, List<String>> CARD_FIELDS = new LinkedHashMap<>();

    static {
        CARD_FIELDS.put("name", List.of("name", "model_name"));
        CARD_FIELDS.put("author", List.of("author", "model_author", "model_creator"));
        CARD_FIELDS.put("version", List.of("version", "model_version"));
        CARD_FIELDS.put("organization", List.of("organization", "model_organization"));
        CARD_FIELDS.put("description", List.of("description", "model_description"));
        CARD_FIELDS.put("finetune", List.of("finetune", "model_finetune"));
        CARD_FIELDS.put("basename", List.of("basename", "model_basename", "model_type"));
        CARD_FIELDS.put("size_label", List.of("size_label", "model_size_label"));
        CARD_FIELDS.put("source.url", List.of("url", "model_url"));
        CARD_FIELDS.put("source.doi", List.of("doi", "model_doi"));
        CARD_FIELDS.put("source.uuid", List.of("uuid", "model_uuid"));
        CARD_FIELDS.put("source.repo_url", List.of("repo_url", "model_repo_url"));
        CARD_FIELDS.put("license", List.of("license"));
        CARD_FIELDS.put("license.name", List.of("license_name"));
        CARD_FIELDS.put("license.link", List.of("license_link"));
    }

    private final Map<String, String> values = new LinkedHashMap<>();
    private final List<String> tags = new ArrayList<>();
    private final List<String> languages = new ArrayList<>();
    private Optional<List<Source>> baseModels = Optional.empty();
    private Optional<List<Source>> datasets = Optional.empty();

    private GeneralMetadata() {}

    /**
     * Writes the keys.
     *
     * @param name in place of any that would be found
     * @param parameters how many the model has
     */
    static void put(
            GgufMetadata.Builder builder,
            ModelOrigin origin,
            Optional<String> name,
            long parameters) {
        origin.generation().ifPresent(generation -> putSampling(builder, generation));
        GeneralMetadata general = new GeneralMetadata();
        origin.card().ifPresent(card -> general.fromCard(card, parameters));
        origin.config()
                .string("_name_or_path")
                .filter(path -> path.indexOf('/') == path.lastIndexOf('/'))
                .ifPresent(id -> general.fromId(id, parameters));
        general.fromId(origin.id(), parameters);
        name.ifPresent(given -> general.values.put("name", given));
        if (parameters > 0) general.values.putIfAbsent("size_label", SizeLabel.of(parameters));
        general.putInto(builder);
    }

    private static void putSampling(GgufMetadata.Builder builder, JsonObject generation) {
        generation
                .string("sequence")
                .ifPresent(text -> putText(builder, "sampling.sequence", text));
        whole(generation, "top_k", builder, "top_k");
        real(generation, "top_p", builder, "top_p");
        real(generation, "min_p", builder, "min_p");
        real(generation, "xtc_probability", builder, "xtc_probability");
        real(generation, "xtc_threshold", builder, "xtc_threshold");
        real(generation, "temperature", builder, "temp");
        whole(generation, "penalty_last_n", builder, "penalty_last_n");
        boolean own = generation.members().containsKey("penalty_repeat");
        real(generation, own ? "penalty_repeat" : "repetition_penalty", builder, "penalty_repeat");
        whole(generation, "mirostat", builder, "mirostat");
        real(generation, "mirostat_tau", builder, "mirostat_tau");
        real(generation, "mirostat_eta", builder, "mirostat_eta");
    }

    private static void whole(
            JsonObject from, String field, GgufMetadata.Builder builder, String key) {
        from.number(field)
                .flatMap(JsonNumber::asLong)
                .filter(value -> value == value.intValue())
                .ifPresent(
                        value ->
                                builder.put(
                                        "general.sampling." + key,
                                        GgufValue.i32(value.intValue())));
    }

    private static void real(
            JsonObject from, String field, GgufMetadata.Builder builder, String key) {
        from.number(field)
                .ifPresent(
                        value ->
                                builder.put(
                                        "general.sampling." + key,
                                        GgufValue.f32((float) value.asDouble())));
    }

    private void fromCard(JsonObject card, long parameters) {
        CARD_FIELDS.forEach(
                (key, fields) -> {
                    for (String field : fields) {
                        text(card.get(field)).ifPresent(text -> values.putIfAbsent(key, text));
                    }
                });
        baseModels = sources(card, parameters, "base_model", "base_models", "base_model_sources");
        datasets = sources(card, parameters, "datasets", "dataset", "dataset_sources");
        extend(tags, card.get("tags"));
        extend(tags, card.get("pipeline_tag"));
        extend(languages, card.get("languages"));
        extend(languages, card.get("language"));
    }

    private static Optional<List<Source>> sources(
            JsonObject card, long parameters, String... fields) {
        for (String field : fields) {
            Optional<JsonValue> value = card.get(field);
            if (value.isEmpty()) continue;
            List<JsonValue> items =
                    switch (value.get()) {
                        case JsonArray(var list) -> list;
                        case JsonString text -> List.of(text);
                        case JsonNull ignored -> List.of();
                        case JsonObject ignored -> List.of();
                        case JsonBoolean ignored -> List.of();
                        case JsonNumber ignored -> List.of();
                    };
            return Optional.of(items.stream().map(item -> Source.of(item, parameters)).toList());
        }
        return Optional.empty();
    }

    private static void extend(List<String> list, Optional<JsonValue> value) {
        switch (value.orElse(JsonNull.NULL)) {
            case JsonString(String text) -> list.add(text);
            case JsonArray(var items) -> {
                for (JsonValue item : items) text(Optional.of(item)).ifPresent(list::add);
            }
            case JsonNull ignored -> {}
            case JsonObject ignored -> {}
            case JsonBoolean ignored -> {}
            case JsonNumber ignored -> {}
        }
    }

    /** The text of a scalar, or of a list of them joined by commas. */
    static Optional<String> text(Optional<JsonValue> value) {
        return switch (value.orElse(JsonNull.NULL)) {
            case JsonNull ignored -> Optional.empty();
            case JsonObject ignored -> Optional.empty();
            case JsonString(String text) -> Optional.of(text);
            case JsonBoolean(boolean b) -> Optional.of(Boolean.toString(b));
            case JsonNumber(String text) -> Optional.of(text);
            case JsonArray(var items) ->
                    Optional.of(
                            String.join(
                                    ",",
                                    items.stream()
                                            .flatMap(item -> text(Optional.of(item)).stream())
                                            .toList()));
        };
    }

    private void fromId(String id, long parameters) {
        ModelId parts = ModelId.of(id, parameters);
        parts.name().map(ModelId::title).ifPresent(text -> values.putIfAbsent("name", text));
        parts.organization()
                .map(ModelId::title)
                .ifPresent(text -> values.putIfAbsent("organization", text));
        parts.basename().ifPresent(text -> values.putIfAbsent("basename", text));
        parts.finetune().ifPresent(text -> values.putIfAbsent("finetune", text));
        parts.version().ifPresent(text -> values.putIfAbsent("version", text));
        parts.sizeLabel().ifPresent(text -> values.putIfAbsent("size_label", text));
    }

    private void putInto(GgufMetadata.Builder builder) {
        for (String key : KEYS) {
            String value = values.get(key);
            if (value != null) putText(builder, key, value);
        }
        baseModels.ifPresent(models -> putSources(builder, "base_model", models));
        datasets.ifPresent(sets -> putSources(builder, "dataset", sets));
        putTexts(builder, "general.tags", tags);
        putTexts(builder, "general.languages", languages);
    }

    private static void putSources(
            GgufMetadata.Builder builder, String kind, List<Source> sources) {
        builder.put("general." + kind + ".count", GgufValue.u32(sources.size()));
        for (int i = 0; i < sources.size(); i++) {
            String prefix = kind + "." + i + ".";
            sources.get(i).fields().forEach((key, text) -> putText(builder, prefix + key, text));
        }
    }

    /** Empty strings and lists are not written. */
    private static void putText(GgufMetadata.Builder builder, String key, String text) {
        if (!text.isEmpty()) builder.put("general." + key, GgufValue.text(text));
    }

    private static void putTexts(GgufMetadata.Builder builder, String key, List<String> texts) {
        if (!texts.isEmpty()) builder.put(key, GgufValue.texts(texts));
    }
}
