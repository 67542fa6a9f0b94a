package tk.cli;

import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.OllamaParameters;
import tk.modelfile.PromptTemplate;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * What a model says itself of how it is to be run.
 *
 * @param context positions it was made for
 * @param chatTemplate its own, in Jinja
 * @param generation its {@code generation_config.json}
 * @param ends the tokens that end its answers
 * @param language {@code tr} where it says that it speaks Turkish, else {@code en}
 */
record ModelDefaults(
        int context,
        Optional<String> chatTemplate,
        Optional<JsonObject> generation,
        EndTokens ends,
        String language) {
    static final ModelDefaults NONE =
            new ModelDefaults(4096, Optional.empty(), Optional.empty(), EndTokens.NONE, "en");

    /** Beyond this the key-value cache outgrows the model; whoever has the memory asks for more. */
    private static final int MOST_CONTEXT = 8192;

    /** Of a model, under GGUF's names, and what lies beside its source. */
    static ModelDefaults of(ModelSource source, GgufModel model) {
        long context =
                model.metadata().integer(model.architecture() + ".context_length").orElse(2048);
        return new ModelDefaults(
                Math.toIntExact(Math.min(context, Integer.MAX_VALUE)),
                model.metadata().string("tokenizer.chat_template"),
                source.generationConfig(),
                EndTokens.of(source, model.metadata()),
                model.metadata().strings("general.languages").orElse(List.of()).contains("tr")
                        ? "tr"
                        : "en");
    }

    /** Longer contexts than are pinned. */
    boolean isCapped() {
        return context > MOST_CONTEXT;
    }

    /**
     * The parameters that are pinned: those whose defaults differ between versions of Ollama, those
     * of the template's family, and those that the model came with. End tokens become stops.
     */
    List<Parameter> parameters(PromptTemplate template) {
        SequencedMap<String, String> pinned = new LinkedHashMap<>();
        pinned.put("num_ctx", Integer.toString(Math.min(context, MOST_CONTEXT)));
        pinned.put("temperature", "0.8");
        pinned.put("repeat_penalty", "1.1");
        pinned.putAll(template.parameters());
        for (String name : List.of("temperature", "repeat_penalty", "top_k", "top_p", "min_p")) {
            String theirs = name.equals("repeat_penalty") ? "repetition_penalty" : name;
            generation
                    .flatMap(g -> g.number(theirs))
                    .map(number -> spelled(name, number))
                    .filter(value -> OllamaParameters.refusal(name, value).isEmpty())
                    .ifPresent(value -> pinned.put(name, value));
        }
        List<Parameter> all = new ArrayList<>();
        pinned.forEach((name, value) -> all.add(new Parameter(name, value)));
        Set<String> stops = new LinkedHashSet<>(template.stops());
        stops.addAll(ends.stops());
        stops.forEach(stop -> all.add(new Parameter("stop", stop)));
        return all;
    }

    private static String spelled(String name, JsonNumber number) {
        BigDecimal value = new BigDecimal(number.text());
        return name.equals("top_k") ? number.text() : value.stripTrailingZeros().toPlainString();
    }
}
