package tk.tokenizer;

import tk.error.MalformedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The {@code added_tokens} of a tokenizer.json: texts that are found before anything else is done.
 * Those that aren't normalized are found in the text as written, the others in what the normalizer
 * makes of the rest. Of several at one place the longest counts.
 *
 * <p>Source: huggingface/tokenizers, {@code added_vocabulary.rs}.
 */
final class AddedTokens {
    private static final Pattern WORD_AT_END =
            Pattern.compile("\\w\\z", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern WORD_AT_START =
            Pattern.compile("\\A\\w", Pattern.UNICODE_CHARACTER_CLASS);

    /**
     * One of them.
     *
     * @param content its text
     * @param special whether it is a control token, not shown to a reader
     * @param normalized whether it is looked for after normalizing
     * @param singleWord whether it is only found where no letter or digit touches it
     * @param lstrip whether it takes the spaces before it along
     * @param rstrip whether it takes the spaces after it along
     */
    record AddedToken(
            int id,
            String content,
            boolean special,
            boolean normalized,
            boolean singleWord,
            boolean lstrip,
            boolean rstrip) {
        static AddedToken parse(JsonValue value, String place) {
            if (!(value instanceof JsonObject token)) {
                throw new MalformedException(place + ": expected an object");
            }
            long id = token.number("id").flatMap(JsonNumber::asLong).orElse(-1L);
            String content = token.string("content").orElse("");
            if (id < 0 || id >= TokenizerJson.MAX_TOKENS || content.isEmpty()) {
                throw new MalformedException(place + ": expected an id and a content");
            }
            boolean special = token.bool("special").orElse(false);
            return new AddedToken(
                    (int) id,
                    content,
                    special,
                    token.bool("normalized").orElse(!special),
                    token.bool("single_word").orElse(false),
                    token.bool("lstrip").orElse(false),
                    token.bool("rstrip").orElse(false));
        }
    }

    /** Takes the parts of a text in order. */
    interface Parts {
        /** Text that is normalized; whether it is the start of what the user wrote. */
        void text(String normalized, boolean atStart);

        /** An added token. */
        void token(int id);
    }

    private final List<AddedToken> tokens;
    private final Map<Integer, AddedToken> byId = new HashMap<>();
    private final UnaryOperator<String> normalizer;
    private final Trie raw = new Trie(256);
    private final Trie normalized = new Trie(256);

    AddedTokens(List<AddedToken> tokens, UnaryOperator<String> normalizer) {
        this.tokens = List.copyOf(tokens);
        this.normalizer = normalizer;
        for (AddedToken token : tokens) {
            byId.put(token.id(), token);
            if (token.normalized()) normalized.add(normalizer.apply(token.content()), token.id());
            else raw.add(token.content(), token.id());
        }
    }

    List<AddedToken> all() {
        return tokens;
    }

    boolean isSpecial(int id) {
        AddedToken token = byId.get(id);
        return token != null && token.special();
    }

    /** Cuts a text. */
    void cut(String text, Tokenizer.Specials specials, Parts parts) {
        for (Match outer : matches(text, raw, specials)) {
            if (outer.id >= 0) {
                parts.token(outer.id);
                continue;
            }
            String part = normalizer.apply(text.substring(outer.from, outer.to));
            for (Match inner : matches(part, normalized, specials)) {
                if (inner.id >= 0) {
                    parts.token(inner.id);
                } else {
                    boolean atStart = outer.from == 0 && inner.from == 0;
                    parts.text(part.substring(inner.from, inner.to), atStart);
                }
            }
        }
    }

    /** A token from one index to another, or, with id -1, text between two. */
    private record Match(int id, int from, int to) {}

    private List<Match> matches(String text, Trie trie, Tokenizer.Specials specials) {
        List<Match> matches = new ArrayList<>();
        int last = 0;
        for (int at = 0; at < text.length(); ) {
            long found = trie.longest(text, at, text.length());
            if (found == 0) {
                at++;
                continue;
            }
            AddedToken token = byId.get((int) found);
            int start = at;
            int end = at + (int) (found >>> 32);
            at = end;
            if (token == null
                    || (token.special() && specials == Tokenizer.Specials.AS_TEXT)
                    || (token.singleWord() && touchesWord(text, start, end))) {
                continue;
            }
            while (token.lstrip() && start > last && Spaces.isWhite(text.charAt(start - 1)))
                start--;
            while (token.rstrip() && end < text.length() && Spaces.isWhite(text.charAt(end))) end++;
            if (start > last) matches.add(new Match(-1, last, start));
            matches.add(new Match(token.id(), start, end));
            last = end;
            at = end;
        }
        if (last < text.length()) matches.add(new Match(-1, last, text.length()));
        return matches;
    }

    private static boolean touchesWord(String text, int from, int to) {
        // Two chars hold any character.
        String before = text.substring(Math.max(0, from - 2), from);
        String after = text.substring(to, Math.min(text.length(), to + 2));
        return WORD_AT_END.matcher(before).find() || WORD_AT_START.matcher(after).find();
    }
}
