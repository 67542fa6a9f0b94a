package tk.tokenizer;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.GgufVocabulary.Token;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;

/**
 * The GGUF vocabulary of a Hugging Face tokenizer: the same tokens, scores, types, ids and keys
 * that convert_hf_to_gguf writes for it, or ones that llama.cpp tokenizes better with.
 *
 * @param vocabulary what goes into the GGUF
 * @param late which of its keys the converter writes after all others
 * @param warnings what was left out or contradicts itself, a sentence each
 */
public record VocabularyConversion(
        GgufVocabulary vocabulary, List<String> late, List<String> warnings) {
    /** Copies the lists. */
    public VocabularyConversion {
        late = List.copyOf(late);
        warnings = List.copyOf(warnings);
    }

    /** Writes the vocabulary's keys in the converter's order. */
    public void putInto(GgufMetadata.Builder builder) {
        GgufMetadata.Builder own = GgufMetadata.builder();
        vocabulary.putInto(own);
        SequencedMap<String, GgufValue> values = new LinkedHashMap<>(own.build().values());
        for (String key : late) {
            GgufValue value = values.remove(key);
            if (value != null) values.put(key, value);
        }
        values.forEach(builder::put);
    }

    /** Which vocabulary to make where the original's leads llama.cpp to other tokens. */
    public enum Fidelity {
        /** Key for key that of convert_hf_to_gguf, with a warning. */
        TO_THE_CONVERTER,
        /**
         * That with which llama.cpp gives the source's tokens: a unigram model as {@code t5} rather
         * than {@code llama}, the space before the first word as the model says, scores from the
         * merges of a tokenizer.json rather than -1000 for all.
         */
        TO_THE_TOKENIZER
    }

    /**
     * What to do where there is a choice.
     *
     * @param fidelity to what
     * @param pre the pre-tokenizer's name in llama.cpp, where it isn't to be recognised
     */
    public record Options(Fidelity fidelity, Optional<String> pre) {
        /** What convert_hf_to_gguf does. */
        public static final Options USUAL =
                new Options(Fidelity.TO_THE_CONVERTER, Optional.empty());
    }

    /** Converts a tokenizer as convert_hf_to_gguf does; see the other method. */
    public static VocabularyConversion of(TokenizerFiles files, JsonObject config, int vocabSize) {
        return of(files, config, vocabSize, Options.USUAL);
    }

    /**
     * Converts a tokenizer.
     *
     * @param files the tokenizer
     * @param config the model's {@code config.json}
     * @param vocabSize rows of the embedding: ids without a token are padded, tokens beyond dropped
     */
    public static VocabularyConversion of(
            TokenizerFiles files, JsonObject config, int vocabSize, Options options) {
        List<String> warnings = new ArrayList<>();
        boolean llama = isLlama(config);
        GgufVocabulary vocabulary;
        if (files.model().isPresent() && !isTiktoken(files.model().get())) {
            vocabulary =
                    new SentencePieceConversion(files, config, vocabSize, options, warnings)
                            .convert(llama);
        } else {
            vocabulary =
                    new JsonConversion(
                                    json(files, config),
                                    files,
                                    config,
                                    vocabSize,
                                    options,
                                    warnings)
                            .convert(llama);
        }
        List<String> late = new ArrayList<>();
        if (llama) vocabulary = sizedByHand(vocabulary, files, config, vocabSize, late);
        checkDistinct(vocabulary.tokens());
        return new VocabularyConversion(vocabulary, late, warnings);
    }

    private static TokenizerJson json(TokenizerFiles files, JsonObject config) {
        if (files.json().isPresent()) return TokenizerJson.read(files.json().get());
        if (files.model().isPresent()) {
            Path file = files.model().get();
            Tiktoken ranks = Tiktoken.read(file);
            return TokenizerJson.of(
                    ranks.tokenizerJson(Tiktoken.Specials.of(config).names()), file.toString());
        }
        throw new UsageException(
                "no tokenizer.model and no tokenizer.json", "Give one with --tokenizer.");
    }

    private static boolean isTiktoken(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Tiktoken.recognises(in.readNBytes(4096));
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** The families whose class in the original has some rules of its own. */
    private static boolean isLlama(JsonObject config) {
        List<String> names =
                config
                        .array("architectures")
                        .map(JsonArray::items)
                        .orElse(List.of(new JsonString("LlamaForCausalLM")))
                        .stream()
                        .map(name -> name instanceof JsonString(String text) ? text : "")
                        .toList();
        return names.stream()
                .anyMatch(
                        name ->
                                name.equalsIgnoreCase("LlamaForCausalLM")
                                        || name.equals("LlamaModel")
                                        || name.startsWith("Mistral")
                                        || name.startsWith("Mixtral"));
    }

    /** What the original knows models by that have just so many tokens. */
    private static GgufVocabulary sizedByHand(
            GgufVocabulary vocabulary,
            TokenizerFiles files,
            JsonObject config,
            int vocabSize,
            List<String> late) {
        if (vocabSize == 32016) {
            // CodeLlama: of its four infilling tokens, the format has a key for the last alone.
            SpecialVocabulary infilling =
                    new SpecialVocabulary(List.of("eot"), OptionalInt.empty(), new ArrayList<>());
            infilling.load(files, config);
            SequencedMap<String, Integer> ids = new LinkedHashMap<>(vocabulary.specialIds());
            ids.put("eot", infilling.ids.getOrDefault("eot", 32010));
            if (vocabulary.specialId("eot").isEmpty()) late.add("tokenizer.ggml.eot_token_id");
            return vocabulary.withSpecials(ids, vocabulary.addSpecial());
        }
        if (vocabSize == 49152) {
            // Granite's small models, and whatever else has just so many tokens.
            SequencedMap<String, Boolean> added = new LinkedHashMap<>(vocabulary.addSpecial());
            if (added.put("bos", false) == null) late.add("tokenizer.ggml.add_bos_token");
            return vocabulary.withSpecials(vocabulary.specialIds(), added);
        }
        return vocabulary;
    }

    /**
     * Whether an added token is a control token although its file doesn't call it special: the
     * spellings that published models got wrong.
     */
    static boolean looksSpecial(String text) {
        return switch (text) {
            case "<pad>", "<mask>", "<2mass>", "[@BOS@]" -> true;
            default ->
                    (text.startsWith("<|") && text.endsWith("|>"))
                            || (text.startsWith("<\uff5c") && text.endsWith("\uff5c>"))
                            || (text.startsWith("<unused") && text.endsWith(">"));
        };
    }

    /** llama.cpp refuses a file in which two tokens have the same text. */
    private static void checkDistinct(List<Token> tokens) {
        Map<String, Integer> seen = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            Integer before = seen.putIfAbsent(tokens.get(id).text(), id);
            if (before != null) {
                throw new MalformedException(
                        "the tokens %d and %d are both \"%s\""
                                .formatted(before, id, tokens.get(id).text()),
                        "llama.cpp loads no such vocabulary: rename one of them in the tokenizer's files.");
            }
        }
    }

    /** A tokenizer_config.json, or nothing. */
    static Optional<JsonObject> tokenizerConfig(TokenizerFiles files) {
        return files.config().map(Json::readObject);
    }
}
