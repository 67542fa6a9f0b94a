package tk.cli;

import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tokens with which a model's answers end, as {@code generation_config.json} and {@code
 * config.json} say. A converted GGUF names the tokenizer's own end token alone, as
 * convert_hf_to_gguf writes it; a package names the others too, where GGUF has a key for them, and
 * all of them are stops.
 *
 * @param tokens by id, those of the configurations, in order; empty where they say nothing but what
 *     the GGUF does
 */
record EndTokens(Map<Integer, String> tokens) {
    static final EndTokens NONE = new EndTokens(Map.of());

    private static final String EOS = "tokenizer.ggml.eos_token_id";
    private static final String EOT = "tokenizer.ggml.eot_token_id";
    private static final String EOM = "tokenizer.ggml.eom_token_id";

    /** Llama 3.1's end of a message that calls a tool. */
    private static final String END_OF_MESSAGE = "<|eom_id|>";

    /** These end a text, not a turn. */
    private static final Set<String> TEXT_ENDS =
            Set.of("</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>");

    /** Of a model and what lies beside its source. */
    static EndTokens of(ModelSource source, GgufMetadata metadata) {
        List<String> texts = metadata.strings("tokenizer.ggml.tokens").orElse(List.of());
        List<Integer> ids = new ArrayList<>();
        source.generationConfig().ifPresent(config -> ids.addAll(ids(config)));
        source.configJson().ifPresent(config -> ids.addAll(ids(config)));
        long eos = metadata.integer(EOS).orElse(-1L);
        Map<Integer, String> tokens = new LinkedHashMap<>();
        for (int id : ids) {
            if (id >= 0 && id < texts.size()) tokens.putIfAbsent(id, texts.get(id));
        }
        boolean saysMore = tokens.keySet().stream().anyMatch(id -> id != eos);
        return saysMore ? new EndTokens(tokens) : NONE;
    }

    private static List<Integer> ids(JsonObject config) {
        Optional<JsonValue> value = config.get("eos_token_id");
        List<JsonValue> values =
                value.map(v -> v instanceof JsonArray(var items) ? items : List.of(v))
                        .orElse(List.of());
        List<Integer> ids = new ArrayList<>();
        for (JsonValue item : values) {
            if (item instanceof JsonNumber number)
                number.asLong()
                        .filter(n -> n == n.intValue())
                        .ifPresent(n -> ids.add(n.intValue()));
        }
        return ids;
    }

    /** Their texts: none of them belongs into an answer. */
    List<String> stops() {
        return List.copyOf(tokens.values());
    }

    /** The metadata with the end of a turn and of a message, where it names none yet. */
    GgufMetadata named(GgufMetadata metadata) {
        long eos = metadata.integer(EOS).orElse(-1L);
        GgufMetadata.Builder builder = metadata.toBuilder();
        for (Map.Entry<Integer, String> token : tokens.entrySet()) {
            if (token.getKey() == eos || TEXT_ENDS.contains(token.getValue())) continue;
            String key = token.getValue().equals(END_OF_MESSAGE) ? EOM : EOT;
            if (builder.build().integer(key).isEmpty())
                builder.put(key, GgufValue.u32(token.getKey()));
        }
        return builder.build();
    }
}
