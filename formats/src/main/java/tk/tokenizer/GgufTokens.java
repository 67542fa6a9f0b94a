package tk.tokenizer;

import tk.tokenizer.GgufVocabulary.Token;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tokens of a GGUF as llama.cpp holds them: their texts, and what each is for. llama.cpp
 * corrects the types in the file for texts that it knows to end a turn and the like, which decides
 * whether they are found in a text and whether they are shown.
 *
 * <p>Source: llama.cpp, {@code llama-vocab.cpp}, {@code llama_vocab::impl::load}.
 */
final class GgufTokens {
    private static final Set<String> END_OF_GENERATION =
            Set.of(
                    "<|eot_id|>",
                    "<|im_end|>",
                    "<|end|>",
                    "<|return|>",
                    "<|call|>",
                    "<|flush|>",
                    "<|calls|>",
                    "<end_of_turn>",
                    "<|endoftext|>",
                    "</s>",
                    "<|eom_id|>",
                    "<EOT>",
                    "_<EOT>",
                    "[EOT]",
                    "[EOS]",
                    "<|end_of_text|>",
                    "<end_of_utterance>",
                    "<eos>",
                    "<\uff5cend\u2581of\u2581sentence\uff5c>");

    /** The first one there becomes a control token, where the file names no id for it. */
    private static final Map<String, List<String>> FILL_IN_MIDDLE =
            Map.of(
                    "fim_pre",
                    List.of(
                            "<|fim_prefix|>",
                            "<fim-prefix>",
                            "<fim_prefix>",
                            "<\uff5cfim\u2581begin\uff5c>",
                            "<PRE>",
                            "\u2581<PRE>",
                            "<|code_prefix|>",
                            "<|prefix|>"),
                    "fim_suf",
                    List.of(
                            "<|fim_suffix|>",
                            "<fim-suffix>",
                            "<fim_suffix>",
                            "<\uff5cfim\u2581hole\uff5c>",
                            "<SUF>",
                            "\u2581<SUF>",
                            "<|code_suffix|>",
                            "<|suffix|>"),
                    "fim_mid",
                    List.of(
                            "<|fim_middle|>",
                            "<fim-middle>",
                            "<fim_middle>",
                            "<\uff5cfim\u2581end\uff5c>",
                            "<MID>",
                            "\u2581<MID>",
                            "<|code_middle|>",
                            "<|middle|>"),
                    "fim_pad",
                    List.of("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"),
                    "fim_rep",
                    List.of("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
                    "fim_sep",
                    List.of("<|file_sep|>"));

    private static final Set<String> ALWAYS_SHOWN =
            Set.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>");

    private final List<String> texts;
    private final List<Set<TokenType>> types;
    private final Map<String, Integer> ids;

    GgufTokens(GgufVocabulary vocabulary) {
        int size = vocabulary.tokens().size();
        texts = new ArrayList<>(size);
        types = new ArrayList<>(size);
        ids = HashMap.newHashMap(size);
        for (Token token : vocabulary.tokens()) {
            int id = texts.size();
            String text = token.text().isEmpty() ? "[EMPTY_" + id + "]" : token.text();
            texts.add(text);
            types.add(EnumSet.of(token.type()));
            ids.putIfAbsent(text, id);
        }
        correctTypes(vocabulary);
    }

    private void correctTypes(GgufVocabulary vocabulary) {
        FILL_IN_MIDDLE.forEach(
                (name, candidates) -> {
                    if (vocabulary.specialId(name).isPresent()) return;
                    candidates.stream()
                            .filter(ids::containsKey)
                            .findFirst()
                            .ifPresent(this::makeControl);
                });
        END_OF_GENERATION.stream().filter(ids::containsKey).forEach(this::makeControl);
        for (String text : ALWAYS_SHOWN) makeUserDefined(text);
        boolean calls = has("<|call|>") || has("<|calls|>");
        if (calls && (has("<|return|>") || has("<|flush|>"))) makeUserDefined("<|end|>");
    }

    private boolean has(String text) {
        return ids.containsKey(text);
    }

    private void makeControl(String text) {
        Integer id = ids.get(text);
        if (id != null) types.get(id).add(TokenType.CONTROL);
    }

    private void makeUserDefined(String text) {
        Integer id = ids.get(text);
        if (id != null) types.set(id, EnumSet.of(TokenType.USER_DEFINED));
    }

    int size() {
        return texts.size();
    }

    /** The texts by id. */
    List<String> texts() {
        return texts;
    }

    /** The ids by text. */
    Map<String, Integer> ids() {
        return ids;
    }

    String text(int id) {
        return texts.get(id);
    }

    boolean is(int id, TokenType type) {
        return types.get(id).contains(type);
    }

    /** The id of a text, whatever the token is for. */
    Optional<Integer> id(String text) {
        return Optional.ofNullable(ids.get(text));
    }

    /** Whether a token isn't shown to a reader. */
    boolean isHidden(int id) {
        return is(id, TokenType.CONTROL) || is(id, TokenType.UNKNOWN);
    }
}
