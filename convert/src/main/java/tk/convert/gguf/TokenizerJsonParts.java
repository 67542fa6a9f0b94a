package tk.convert.gguf;

import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** What every {@code tokenizer.json} has, whatever its model. */
final class TokenizerJsonParts {
    private TokenizerJsonParts() {}

    /** An object of names and values, in order. */
    static SequencedMap<String, Object> object(Object... members) {
        SequencedMap<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) {
            object.put(String.valueOf(members[i]), members[i + 1]);
        }
        return object;
    }

    /** A split of everything that an expression matches. */
    static Object split(String regex) {
        return object(
                "type",
                "Split",
                "pattern",
                object("Regex", regex),
                "behavior",
                "Isolated",
                "invert",
                false);
    }

    /** A text, or what an expression matches, replaced by another text. */
    static Object replace(String kind, String pattern, String content) {
        return object("type", "Replace", "pattern", object(kind, pattern), "content", content);
    }

    /** Whether a token is looked for in the text before anything else is done. */
    static boolean isAdded(Token token) {
        return token.type() == TokenType.CONTROL || token.type() == TokenType.USER_DEFINED;
    }

    /** The {@code added_tokens}. */
    static List<Object> addedTokens(GgufVocabulary vocabulary) {
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < vocabulary.tokens().size(); id++) {
            Token token = vocabulary.tokens().get(id);
            if (isAdded(token)) added.add(addedToken(id, token));
        }
        return added;
    }

    private static Object addedToken(int id, Token token) {
        return object(
                "id",
                id,
                "content",
                token.text(),
                "single_word",
                false,
                "lstrip",
                false,
                "rstrip",
                false,
                "normalized",
                false,
                "special",
                token.type() == TokenType.CONTROL);
    }

    /**
     * The step that puts the bos and eos tokens around a text; empty where neither is asked for.
     */
    static Optional<Object> template(GgufVocabulary vocabulary) {
        Optional<Integer> bos = around(vocabulary, "bos");
        Optional<Integer> eos = around(vocabulary, "eos");
        if (bos.isEmpty() && eos.isEmpty()) return Optional.empty();
        SequencedMap<String, Object> specials = new LinkedHashMap<>();
        for (Optional<Integer> id : List.of(bos, eos)) {
            id.ifPresent(
                    i -> {
                        String text = vocabulary.tokens().get(i).text();
                        specials.put(
                                text,
                                object("id", text, "ids", List.of(i), "tokens", List.of(text)));
                    });
        }
        return Optional.of(
                object(
                        "type",
                        "TemplateProcessing",
                        "single",
                        items(vocabulary, bos, eos, "A"),
                        "pair",
                        items(vocabulary, bos, eos, "A", "B"),
                        "special_tokens",
                        specials));
    }

    private static Optional<Integer> around(GgufVocabulary vocabulary, String name) {
        boolean on = vocabulary.addSpecial().getOrDefault(name, false);
        return on ? vocabulary.specialId(name) : Optional.empty();
    }

    private static List<Object> items(
            GgufVocabulary vocabulary,
            Optional<Integer> bos,
            Optional<Integer> eos,
            String... sequences) {
        List<Object> items = new ArrayList<>();
        for (int type = 0; type < sequences.length; type++) {
            int typeId = type;
            bos.ifPresent(id -> items.add(special(vocabulary, id, typeId)));
            items.add(object("Sequence", object("id", sequences[type], "type_id", typeId)));
            eos.ifPresent(id -> items.add(special(vocabulary, id, typeId)));
        }
        return items;
    }

    private static Object special(GgufVocabulary vocabulary, int id, int typeId) {
        String text = vocabulary.tokens().get(id).text();
        return object("SpecialToken", object("id", text, "type_id", typeId));
    }
}
