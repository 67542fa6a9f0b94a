package tk.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Cuts a text at the special tokens that it spells, as llama.cpp does: one special token after the
 * other, those with the longest text first, each wherever it occurs in what is still text. (Of two
 * that are equally long in bytes, llama.cpp's order is whatever its sort leaves; here it is that of
 * the ids.)
 */
final class SpecialPartition {
    /** A part of a text: a special token, or text between them. */
    sealed interface Fragment {
        /** Text from one index to another. */
        record Raw(int from, int to) implements Fragment {}

        /** A special token. */
        record Special(int id) implements Fragment {}
    }

    private final List<Integer> ids;
    private final List<String> texts;
    private final boolean[] onlyParsed;
    private final boolean[] stripsRight;
    private final Trie trie;

    SpecialPartition(GgufTokens tokens, String modelName) {
        ids =
                IntStream.range(0, tokens.size())
                        .filter(id -> tokens.isHidden(id) || tokens.is(id, TokenType.USER_DEFINED))
                        .boxed()
                        .sorted(
                                Comparator.comparingInt(
                                        id ->
                                                -tokens.text(id)
                                                        .getBytes(StandardCharsets.UTF_8)
                                                        .length))
                        .toList();
        texts = ids.stream().map(tokens::text).toList();
        trie = new Trie(texts.stream().mapToInt(String::length).sum());
        for (int i = 0; i < texts.size(); i++) trie.add(texts.get(i), i);
        onlyParsed = new boolean[ids.size()];
        stripsRight = new boolean[ids.size()];
        // The one family among tk's whose special tokens swallow the spaces after them: llama.cpp
        // knows it by the model's name.
        String name = modelName.toLowerCase(Locale.ROOT);
        boolean phi3 = name.contains("phi-3") || name.contains("phi3");
        for (int i = 0; i < texts.size(); i++) {
            onlyParsed[i] = tokens.isHidden(ids.get(i));
            stripsRight[i] =
                    phi3 && !Set.of("<unk>", "<s>", "<|endoftext|>").contains(texts.get(i));
        }
    }

    /** The fragments of a text, in order. */
    List<Fragment> cut(String text, Tokenizer.Specials specials) {
        if (text.isEmpty()) return List.of();
        boolean[] seen = new boolean[texts.size()];
        trie.mark(text, seen);
        List<Fragment> fragments = List.of(new Fragment.Raw(0, text.length()));
        for (int i = 0; i < seen.length; i++) {
            if (!seen[i]) continue;
            if (specials == Tokenizer.Specials.AS_TEXT && onlyParsed[i]) continue;
            fragments = cutAt(i, text, fragments);
        }
        return fragments;
    }

    private List<Fragment> cutAt(int special, String text, List<Fragment> fragments) {
        String name = texts.get(special);
        List<Fragment> result = new ArrayList<>();
        for (Fragment fragment : fragments) {
            if (!(fragment instanceof Fragment.Raw(int from, int to))) {
                result.add(fragment);
                continue;
            }
            int at = from;
            while (at < to) {
                int match = text.indexOf(name, at, to);
                if (match < 0) break;
                if (match > at) result.add(new Fragment.Raw(at, match));
                result.add(new Fragment.Special(ids.get(special)));
                at = match + name.length();
                while (stripsRight[special] && at < to && isSpace(text.charAt(at))) at++;
            }
            if (at < to) result.add(new Fragment.Raw(at, to));
        }
        return result;
    }

    /** C's isspace in the C locale. */
    private static boolean isSpace(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }
}
