package tk.modelfile.store;

import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonString;
import tk.modelfile.Modelfile;
import tk.modelfile.Modelfile.Adapter;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Other;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Requires;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;
import tk.modelfile.OllamaParameters;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * What {@code ollama create} makes of a Modelfile besides the model: small blobs, byte for byte, in
 * its order. Texts are stored as they are: nothing vanishes here.
 */
final class ModelfileLayers {
    /**
     * One blob to be.
     *
     * @param bytes not copied
     */
    @SuppressWarnings("ArrayRecordComponent") // written once, never compared
    record Payload(String mediaType, byte[] bytes) {}

    private ModelfileLayers() {}

    /**
     * The blobs.
     *
     * @throws UnsupportedException for an adapter or a draft model, which tk does not install
     */
    static List<Payload> of(Modelfile modelfile) {
        List<String> licenses = new ArrayList<>();
        Map<String, JsonValue> parameters = new TreeMap<>();
        List<JsonValue> stops = new ArrayList<>();
        List<JsonValue> messages = new ArrayList<>();
        for (Instruction instruction : modelfile.instructions()) {
            switch (instruction) {
                case License(String text) -> licenses.add(text);
                case Parameter(String name, String value) -> {
                    JsonValue typed = OllamaParameters.value(name, value);
                    if (name.equals("stop") && typed instanceof JsonString) stops.add(typed);
                    else parameters.put(name, typed);
                }
                case Message(String role, String content) -> messages.add(message(role, content));
                case Adapter(String path) -> throw unsupported("ADAPTER " + path);
                case Other(String keyword, String value) when keyword.equals("DRAFT") ->
                        throw unsupported("DRAFT " + value);
                case From ignored -> {}
                case Template ignored -> {}
                case SystemMessage ignored -> {}
                case Requires ignored -> {}
                case Other ignored -> {}
            }
        }
        if (!stops.isEmpty()) parameters.put("stop", new JsonValue.JsonArray(stops));
        List<Payload> layers = new ArrayList<>();
        modelfile.template().ifPresent(text -> add(layers, Manifest.TEMPLATE, text));
        modelfile.system().ifPresent(text -> add(layers, Manifest.SYSTEM, text));
        licenses.forEach(text -> add(layers, Manifest.LICENSE, text));
        if (!parameters.isEmpty()) {
            layers.add(new Payload(Manifest.PARAMS, GoJson.bytes(JsonValue.of(parameters))));
        }
        if (!messages.isEmpty()) {
            layers.add(new Payload(Manifest.MESSAGES, GoJson.bytes(JsonValue.of(messages))));
        }
        return layers;
    }

    /** An empty text makes no layer. */
    private static void add(List<Payload> layers, String mediaType, String text) {
        if (!text.isEmpty()) {
            layers.add(new Payload(mediaType, text.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static JsonValue message(String role, String content) {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("role", role);
        members.put("content", content);
        return JsonValue.of(members);
    }

    private static UnsupportedException unsupported(String what) {
        return new UnsupportedException(
                what + " cannot be installed by tk",
                "Merge it into the model first: tk merge-lora, or tk package --adapter.");
    }
}
