package tk.modelfile.store;

import tk.error.MalformedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/**
 * What a name in Ollama's store stands for: a configuration and layers, each a blob by its hash.
 *
 * @param config the blob of {@link ImageConfig}
 * @param layers in the order in which Ollama writes them
 */
record Manifest(Layer config, List<Layer> layers) {
    static final String MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
    static final String CONFIG = "application/vnd.docker.container.image.v1+json";
    static final String MODEL = "application/vnd.ollama.image.model";
    static final String ADAPTER = "application/vnd.ollama.image.adapter";
    static final String PROJECTOR = "application/vnd.ollama.image.projector";
    static final String DRAFT = "application/vnd.ollama.image.draft";
    static final String TEMPLATE = "application/vnd.ollama.image.template";
    static final String SYSTEM = "application/vnd.ollama.image.system";
    static final String LICENSE = "application/vnd.ollama.image.license";
    static final String PARAMS = "application/vnd.ollama.image.params";
    static final String MESSAGES = "application/vnd.ollama.image.messages";

    private static final Pattern DIGEST = Pattern.compile("sha256[:-][0-9a-fA-F]{64}");

    Manifest {
        layers = List.copyOf(layers);
    }

    /**
     * One blob.
     *
     * @param sha256 64 hexadecimal digits, lower case
     */
    record Layer(String mediaType, String sha256, long size) {
        private JsonObject toJson() {
            SequencedMap<String, Object> members = new LinkedHashMap<>();
            members.put("mediaType", mediaType);
            members.put("digest", "sha256:" + sha256);
            members.put("size", size);
            return (JsonObject) JsonValue.of(members);
        }
    }

    /** As Ollama writes it, byte for byte. */
    byte[] bytes() {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("schemaVersion", 2);
        members.put("mediaType", MEDIA_TYPE);
        members.put("config", config.toJson());
        members.put("layers", layers.stream().map(Layer::toJson).toList());
        return GoJson.bytes(JsonValue.of(members));
    }

    /**
     * The manifest in these bytes.
     *
     * @throws MalformedException where there is none
     */
    static Manifest parse(byte[] bytes, String place) {
        if (!(Json.parse(bytes, place) instanceof JsonObject object)) {
            throw new MalformedException(place + ": expected a JSON object");
        }
        long version = object.number("schemaVersion").map(n -> n.asLong().orElse(0L)).orElse(0L);
        if (version != 2) {
            throw new MalformedException(
                    "%s: schemaVersion %d, expected 2".formatted(place, version));
        }
        List<Layer> layers = new ArrayList<>();
        for (JsonValue item :
                object.array("layers")
                        .orElseThrow(() -> new MalformedException(place + ": no layers"))
                        .items()) {
            layers.add(layer(item, place + ": layers[" + layers.size() + "]"));
        }
        JsonValue config =
                object.get("config")
                        .orElseThrow(() -> new MalformedException(place + ": no config"));
        return new Manifest(layer(config, place + ": config"), layers);
    }

    private static Layer layer(JsonValue value, String place) {
        if (!(value instanceof JsonObject object)) {
            throw new MalformedException(place + ": expected an object");
        }
        String digest = object.string("digest").orElse("");
        if (!DIGEST.matcher(digest).matches()) {
            throw new MalformedException(
                    "%s: digest `%s`, expected sha256: and 64 hexadecimal digits"
                            .formatted(place, digest));
        }
        long size =
                object.number("size")
                        .flatMap(JsonValue.JsonNumber::asLong)
                        .filter(n -> n >= 0)
                        .orElseThrow(() -> new MalformedException(place + ": no size"));
        return new Layer(
                object.string("mediaType").orElse(""),
                digest.substring(7).toLowerCase(Locale.ROOT),
                size);
    }

    /** All blobs: the layers and the configuration. */
    List<Layer> blobs() {
        List<Layer> all = new ArrayList<>(layers);
        all.add(config);
        return all;
    }

    /** What all blobs take, as {@code ollama list} counts it. */
    long size() {
        long sum = 0;
        for (Layer blob : blobs()) sum = Math.addExact(sum, blob.size());
        return sum;
    }
}
