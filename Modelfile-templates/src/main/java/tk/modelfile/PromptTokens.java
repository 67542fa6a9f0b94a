package tk.modelfile;

import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.Tokenizer.Specials;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What prompts are to a model: the ids its tokenizer makes of them, special tokens read as such.
 *
 * <p>A chat template writes BOS itself and transformers adds none; a prompt template leaves it out
 * and the runtime adds it where the vocabulary says so.
 */
public final class PromptTokens {
    private final Optional<GgufTokenizer> tokenizer;

    private PromptTokens(Optional<GgufTokenizer> tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * By the tokenizer of a GGUF with this metadata; where there is none, or none that tk knows,
     * prompts are compared by their characters.
     */
    public static PromptTokens of(GgufMetadata metadata) {
        if (metadata.string("tokenizer.ggml.model").isEmpty())
            return new PromptTokens(Optional.empty());
        try {
            return new PromptTokens(Optional.of(GgufTokenizer.of(metadata)));
        } catch (UnsupportedException e) {
            return new PromptTokens(Optional.empty());
        }
    }

    /** By a tokenizer. */
    public static PromptTokens of(GgufTokenizer tokenizer) {
        return new PromptTokens(Optional.of(tokenizer));
    }

    /** Whether a chat template's prompt and a prompt template's become the same ids. */
    boolean same(String chatPrompt, String ollamaPrompt) {
        if (tokenizer.isEmpty()) return chatPrompt.equals(ollamaPrompt);
        GgufTokenizer t = tokenizer.get();
        try {
            return Arrays.equals(
                    t.encode(chatPrompt, Specials.PARSE),
                    t.encodePrompt(ollamaPrompt, Specials.PARSE));
        } catch (TkException e) {
            // A vocabulary without byte pieces refuses some texts: then the characters decide.
            String bos = t.addsBos() ? specials().getOrDefault("bos_token", "") : "";
            return chatPrompt.equals(bos + ollamaPrompt);
        }
    }

    /** The text of BOS where a chat template writes it and the runtime would not add it. */
    String missingBos(String chatPrompt) {
        String bos = specials().getOrDefault("bos_token", "");
        boolean missing =
                !bos.isEmpty()
                        && chatPrompt.startsWith(bos)
                        && tokenizer.map(t -> !t.addsBos()).orElse(true);
        return missing ? bos : "";
    }

    /** Whether only the BOS before a chat template's prompt is missing in Ollama's, or too much. */
    boolean sameButBos(String chatPrompt, String ollamaPrompt) {
        String bos = specials().getOrDefault("bos_token", "");
        if (bos.isEmpty()) return false;
        return chatPrompt.startsWith(bos)
                ? chatPrompt.substring(bos.length()).equals(ollamaPrompt)
                : chatPrompt.equals(ollamaPrompt);
    }

    /** The texts of the special tokens, by the names under which chat templates know them. */
    Map<String, String> specials() {
        Map<String, String> specials = new LinkedHashMap<>();
        tokenizer.ifPresent(
                t -> {
                    t.bosId().ifPresent(id -> specials.put("bos_token", t.piece(id)));
                    t.eosId().ifPresent(id -> specials.put("eos_token", t.piece(id)));
                    for (String name : new String[] {"unk", "pad", "sep", "mask"}) {
                        t.vocabulary()
                                .specialId(name)
                                .ifPresent(id -> specials.put(name + "_token", t.piece(id)));
                    }
                });
        return specials;
    }

    /** Whether a text is one token of the vocabulary. */
    boolean isToken(String text) {
        return tokenizer.map(t -> t.encode(text, Specials.PARSE).length == 1).orElse(true);
    }
}
