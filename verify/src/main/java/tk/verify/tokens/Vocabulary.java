package tk.verify.tokens;

import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer;
import tk.tokenizer.Tokenizer.Specials;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model's vocabulary as far as two can be compared, whatever its files.
 *
 * @param entries the tokens by id
 * @param merges of byte-level BPE, best first; empty for other algorithms
 * @param tokenizer text to ids
 * @param unknown the id that stands for any run of characters without a piece, where nothing else
 *     does
 * @param bos ids that may begin a text; empty where the source names none
 * @param eos ids that may end one
 * @param addBos whether a text begins with BOS
 * @param addEos whether a text ends with EOS
 * @param chatTemplate Jinja
 * @param gguf the GGUF's own vocabulary, where it is one
 */
public record Vocabulary(
        List<Entry> entries,
        List<String> merges,
        Tokenizer tokenizer,
        OptionalInt unknown,
        Set<Integer> bos,
        Set<Integer> eos,
        boolean addBos,
        boolean addEos,
        Optional<String> chatTemplate,
        Optional<GgufVocabulary> gguf) {
    /** Copies the lists and sets. */
    public Vocabulary {
        entries = List.copyOf(entries);
        merges = List.copyOf(merges);
        bos = Set.copyOf(new TreeSet<>(bos));
        eos = Set.copyOf(new TreeSet<>(eos));
    }

    /**
     * A token.
     *
     * @param text as its vocabulary spells it
     * @param score NaN where there is none, or any will do
     * @param types what it may be called
     */
    public record Entry(String text, float score, Set<TokenType> types) {
        /** Copies the set. */
        public Entry {
            types = Set.copyOf(types);
        }
    }

    /** The tokens up to the last that stands for something: rows may be more than these. */
    public List<Entry> used() {
        int used = entries.size();
        while (used > 0 && entries.get(used - 1).types().contains(TokenType.UNUSED)) used--;
        return entries.subList(0, used);
    }

    /** The vocabulary of a GGUF, read as llama.cpp does. */
    public static Vocabulary of(GgufMetadata metadata) {
        GgufTokenizer tokenizer = GgufTokenizer.of(metadata);
        GgufVocabulary gguf = tokenizer.vocabulary();
        List<Entry> entries = new ArrayList<>();
        for (GgufVocabulary.Token token : gguf.tokens()) {
            float score = gguf.scored() ? token.score() : Float.NaN;
            entries.add(new Entry(token.text(), score, EnumSet.of(token.type())));
        }
        return new Vocabulary(
                entries,
                gguf.merges(),
                tokenizer,
                OptionalInt.empty(),
                tokenizer.bosId().map(Set::of).orElse(Set.of()),
                tokenizer.eosId().map(Set::of).orElse(Set.of()),
                tokenizer.addsBos(),
                gguf.addSpecial().getOrDefault("eos", false),
                gguf.chatTemplates().main(),
                Optional.of(gguf));
    }

    /** The id that begins a text, the lowest where there are several. */
    public OptionalInt firstBos() {
        return bos.stream().mapToInt(Integer::intValue).min();
    }

    /**
     * The ids of a text, BOS before them where the model was trained so; what looks like a special
     * token is text.
     *
     * @param rows ids from there on are left out: a tokenizer may have more pieces than the
     *     embedding has rows
     */
    public int[] ids(String text, int rows) {
        int[] encoded = tokenizer.encode(text, Specials.AS_TEXT);
        List<Integer> ids = new ArrayList<>();
        if (addBos) firstBos().ifPresent(ids::add);
        for (int id : encoded) {
            if (id < rows) ids.add(id);
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    /**
     * The tokens of a text, special ones as text; none where the tokenizer, as llama.cpp's does,
     * has nothing for one of its characters: neither piece, nor byte pieces, nor an unknown token.
     */
    public Optional<int[]> encode(String text) {
        try {
            return Optional.of(tokenizer.encode(text, Specials.AS_TEXT));
        } catch (UnsupportedException withoutBytePieces) {
            return Optional.empty();
        }
    }

    /**
     * Whether a row of the embedding that the source does not have is accounted for by the token of
     * its id: a byte piece, or one that stands for nothing.
     */
    public boolean declaresAdded(int id) {
        if (id < 0 || id >= entries.size()) return false;
        Entry entry = entries.get(id);
        return entry.types().contains(TokenType.UNUSED) || isBytePiece(entry);
    }

    static boolean isBytePiece(Entry entry) {
        return entry.types().contains(TokenType.BYTE) && entry.text().matches("<0x[0-9A-F]{2}>");
    }
}
