package tk.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Tiktoken's own algorithm over its ranks: a text is cut into words by an expression; a word that
 * has a rank is that token, any other is merged where the two parts that touch make the token of
 * the lowest rank. It knows no list of merges, so it proves the one that is made of the ranks for
 * other formats. Thread-safe.
 *
 * <p>Source: openai/tiktoken, {@code _educational.py}; meta-llama/llama3, {@code tokenizer.py}.
 */
public final class TiktokenTokenizer implements Tokenizer {
    private static final int NONE = Integer.MAX_VALUE;

    private final List<String> tokens;
    private final List<String> specials;
    private final Map<String, Integer> ranks;
    private final Map<String, Integer> specialIds = new HashMap<>();
    private final Pattern special;
    private final PreTokenizer words = RegexPreTokenizer.ofOniguruma(Tiktoken.LLAMA3, "Llama 3");

    /**
     * The tokenizer of these ranks.
     *
     * @param specials the control tokens after them
     */
    public TiktokenTokenizer(Tiktoken tiktoken, List<String> specials) {
        this.tokens = tiktoken.tokens();
        this.specials = List.copyOf(specials);
        ranks = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) ranks.put(tokens.get(id), id);
        for (String text : specials) specialIds.put(text, tokens.size() + specialIds.size());
        special =
                Pattern.compile(
                        specials.stream()
                                .sorted(Comparator.comparingInt(String::length).reversed())
                                .map(Pattern::quote)
                                .collect(Collectors.joining("|")));
    }

    /** Reads Llama 3's file. */
    public static TiktokenTokenizer read(Path file, Tiktoken.Specials specials) {
        return new TiktokenTokenizer(Tiktoken.read(file), specials.names());
    }

    @Override
    public int[] encode(String text, Specials how) {
        String wellFormed = Utf8.wellFormed(text);
        Ints out = new Ints(text.length() / 3);
        int from = 0;
        if (how == Specials.PARSE && !specials.isEmpty()) {
            Matcher matcher = special.matcher(wellFormed);
            while (matcher.find()) {
                ordinary(wellFormed, from, matcher.start(), out);
                out.add(specialIds.getOrDefault(matcher.group(), 0));
                from = matcher.end();
            }
        }
        ordinary(wellFormed, from, wellFormed.length(), out);
        return out.toArray();
    }

    private void ordinary(String text, int from, int to, Ints out) {
        words.cut(text, from, to, (start, end) -> word(text.substring(start, end), out));
    }

    private void word(String text, Ints out) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        String bytes = ByteLevel.text(utf8, 0, utf8.length);
        Integer whole = ranks.get(bytes);
        if (whole != null) {
            out.add(whole);
            return;
        }
        // Where each part begins, and the rank of what it and the next would be together.
        int parts = bytes.length();
        int[] starts = new int[parts + 1];
        int[] together = new int[parts];
        for (int i = 0; i <= parts; i++) starts[i] = i;
        for (int i = 0; i < parts; i++) together[i] = rank(bytes, starts, i, parts);
        while (true) {
            int best = -1;
            for (int i = 0; i + 1 < parts; i++) {
                if (together[i] != NONE && (best < 0 || together[i] < together[best])) best = i;
            }
            if (best < 0) break;
            System.arraycopy(starts, best + 2, starts, best + 1, parts - best - 1);
            System.arraycopy(together, best + 2, together, best + 1, parts - best - 2);
            parts--;
            together[best] = rank(bytes, starts, best, parts);
            if (best > 0) together[best - 1] = rank(bytes, starts, best - 1, parts);
        }
        for (int i = 0; i < parts; i++) {
            Integer id = ranks.get(bytes.substring(starts[i], starts[i + 1]));
            // The file of a real model has all 256 bytes; what has none vanishes.
            if (id != null) out.add(id);
        }
    }

    private int rank(String bytes, int[] starts, int part, int parts) {
        if (part + 1 >= parts) return NONE;
        return ranks.getOrDefault(bytes.substring(starts[part], starts[part + 2]), NONE);
    }

    @Override
    public String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            String text = piece(id);
            for (int i = 0; id < tokens.size() && i < text.length(); i++) {
                bytes.write(ByteLevel.byteOf(text.charAt(i)));
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public String piece(int id) {
        if (id < 0 || id >= size()) {
            throw new IllegalArgumentException("no token has the id " + id);
        }
        return id < tokens.size() ? tokens.get(id) : specials.get(id - tokens.size());
    }

    @Override
    public int size() {
        return tokens.size() + specials.size();
    }

    /** The texts of all tokens by id: ranks in their byte-level spelling, then control tokens. */
    public List<String> texts() {
        List<String> texts = new ArrayList<>(tokens);
        texts.addAll(specials);
        return texts;
    }

    /** How many of them are ranks. */
    public int ranked() {
        return tokens.size();
    }
}
