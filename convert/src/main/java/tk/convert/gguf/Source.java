package tk.convert.gguf;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A base model or data set that a model card names.
 *
 * @param fields what is known of it, in the order in which it is written
 */
record Source(SequencedMap<String, String> fields) {
    private static final List<String> ORDER =
            List.of(
                    "name",
                    "author",
                    "version",
                    "organization",
                    "description",
                    "url",
                    "doi",
                    "uuid",
                    "repo_url");
    private static final String HUB = "https://huggingface.co/";
    private static final Pattern ON_HUB = Pattern.compile("https?://huggingface.co/([^/]+/[^/]+)");

    /**
     * What a card's entry tells: an id, an address, or a mapping of fields.
     *
     * @param parameters of the model; its base is taken to be of like size
     */
    static Source of(JsonValue entry, long parameters) {
        SequencedMap<String, String> found = new LinkedHashMap<>();
        if (entry instanceof JsonObject object) {
            for (String key : ORDER) {
                GeneralMetadata.text(object.get(key)).ifPresent(text -> found.put(key, text));
            }
            return new Source(found);
        }
        String id = GeneralMetadata.text(Optional.of(entry)).orElse("");
        boolean address =
                id.startsWith("http://") || id.startsWith("https://") || id.startsWith("ssh://");
        if (address) {
            found.put("repo_url", id);
            Matcher hub = ON_HUB.matcher(id);
            if (hub.matches()) fromId(hub.group(1), parameters, found, false);
        } else {
            fromId(id, parameters, found, true);
        }
        SequencedMap<String, String> ordered = new LinkedHashMap<>();
        for (String key : ORDER) {
            String value = found.get(key);
            if (value != null) ordered.put(key, value);
        }
        return new Source(ordered);
    }

    private static void fromId(
            String id, long parameters, SequencedMap<String, String> found, boolean link) {
        ModelId parts = ModelId.of(id, parameters);
        parts.name().ifPresent(name -> found.put("name", ModelId.title(name)));
        parts.organization().ifPresent(o -> found.put("organization", ModelId.title(o)));
        parts.version().ifPresent(version -> found.put("version", version));
        if (link && parts.organization().isPresent() && parts.name().isPresent()) {
            found.put("repo_url", HUB + parts.organization().get() + "/" + parts.name().get());
        }
    }
}
