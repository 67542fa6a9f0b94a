package tk.tokenizer;

import static java.util.stream.Collectors.toSet;

import tk.error.MalformedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufValueType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The vocabulary of a GGUF file: what stands under {@code tokenizer.*}. Immutable.
 *
 * @param model the algorithm, as in {@code tokenizer.ggml.model}: {@code llama} (SentencePiece
 *     BPE), {@code gpt2} (byte-level BPE), {@code t5} (SentencePiece unigram), …
 * @param pre the pre-tokenizer's name, as in {@code tokenizer.ggml.pre}
 * @param tokens by id
 * @param scored whether the file has scores; without, every score is 0
 * @param merges of byte-level BPE, best first, each two token texts with a space between
 * @param specialIds {@code bos}, {@code eos}, {@code unk}, {@code sep}, {@code pad}, {@code mask},
 *     {@code eot}, … to ids, in file order
 * @param addSpecial {@code bos}, {@code eos}, {@code sep}: whether that token is added to a text,
 *     in file order
 * @param addSpacePrefix whether a text starts with a space that isn't written
 * @param normalizers {@code nfc}, {@code lowercase}, {@code strip_accents}
 * @param chatTemplates as the source has them
 * @param unigram what only a {@code t5} vocabulary has
 */
public record GgufVocabulary(
        String model,
        Optional<String> pre,
        List<Token> tokens,
        boolean scored,
        List<String> merges,
        SequencedMap<String, Integer> specialIds,
        SequencedMap<String, Boolean> addSpecial,
        Optional<Boolean> addSpacePrefix,
        SequencedMap<String, Boolean> normalizers,
        ChatTemplates chatTemplates,
        Optional<UnigramRules> unigram) {

    /**
     * How a {@code t5} vocabulary's text is normalized; llama.cpp looks at it there alone.
     *
     * @param removeExtraWhitespaces whether runs of spaces become one, and those at the ends none
     * @param charsmap what is replaced by what
     */
    public record UnigramRules(boolean removeExtraWhitespaces, Charsmap charsmap) {}

    /** A vocabulary of another algorithm than {@code t5}. */
    public GgufVocabulary(
            String model,
            Optional<String> pre,
            List<Token> tokens,
            boolean scored,
            List<String> merges,
            SequencedMap<String, Integer> specialIds,
            SequencedMap<String, Boolean> addSpecial,
            Optional<Boolean> addSpacePrefix,
            SequencedMap<String, Boolean> normalizers,
            ChatTemplates chatTemplates) {
        this(
                model,
                pre,
                tokens,
                scored,
                merges,
                specialIds,
                addSpecial,
                addSpacePrefix,
                normalizers,
                chatTemplates,
                Optional.empty());
    }

    /** The algorithm of SentencePiece BPE models. */
    public static final String SPM = "llama";

    /** The algorithm of byte-level BPE models. */
    public static final String BPE = "gpt2";

    /** The algorithm of SentencePiece unigram models. */
    public static final String UNIGRAM = "t5";

    private static final String PREFIX = "tokenizer.ggml.";
    private static final String NAMED_TEMPLATE = "tokenizer.chat_template.";

    /** GGUF's words for special tokens (the misspelled one is the format's own). */
    private static final SequencedMap<String, String> ID_KEYS = new LinkedHashMap<>();

    static {
        ID_KEYS.put("bos", "bos_token_id");
        ID_KEYS.put("eos", "eos_token_id");
        ID_KEYS.put("eot", "eot_token_id");
        ID_KEYS.put("eom", "eom_token_id");
        ID_KEYS.put("unk", "unknown_token_id");
        ID_KEYS.put("sep", "seperator_token_id");
        ID_KEYS.put("pad", "padding_token_id");
        ID_KEYS.put("mask", "mask_token_id");
        for (String fim : List.of("pre", "suf", "mid", "pad", "rep", "sep")) {
            ID_KEYS.put("fim_" + fim, "fim_" + fim + "_token_id");
        }
        ID_KEYS.put("prefix", "prefix_token_id");
        ID_KEYS.put("suffix", "suffix_token_id");
        ID_KEYS.put("middle", "middle_token_id");
    }

    private static final List<String> ADDED = List.of("bos", "eos", "sep");
    private static final List<String> NORMALIZERS = List.of("nfc", "lowercase", "strip_accents");

    /**
     * A token; its id is its place.
     *
     * @param text in the algorithm's own spelling: U+2581 for spaces, or byte-level characters
     * @param score the higher, the sooner it is merged or chosen
     * @param type what it is for
     */
    public record Token(String text, float score, TokenType type) {}

    /** Copies the lists and maps; every special id must be a token's. */
    public GgufVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        specialIds = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(specialIds));
        addSpecial = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(addSpecial));
        normalizers = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(normalizers));
    }

    /** The id of a special token: {@code "bos"}, {@code "eos"}, {@code "unk"}, …. */
    public Optional<Integer> specialId(String name) {
        return Optional.ofNullable(specialIds.get(name));
    }

    /** The vocabulary that a file's metadata describes. */
    public static GgufVocabulary fromGguf(GgufMetadata gguf) {
        String model =
                gguf.string(PREFIX + "model")
                        .orElseThrow(() -> missing("model", "the tokenizer's algorithm"));
        List<String> texts =
                gguf.strings(PREFIX + "tokens")
                        .orElseThrow(() -> missing("tokens", "the vocabulary"));
        Optional<float[]> scores = gguf.floats(PREFIX + "scores");
        Optional<long[]> types = gguf.integers(PREFIX + "token_type");
        scores.ifPresent(s -> sameLength("scores", s.length, texts.size()));
        types.ifPresent(t -> sameLength("token_type", t.length, texts.size()));

        List<Token> tokens = new ArrayList<>(texts.size());
        for (int id = 0; id < texts.size(); id++) {
            TokenType type = TokenType.NORMAL;
            if (types.isPresent()) {
                long code = types.get()[id];
                int at = id;
                type = TokenType.ofCode(code).orElseThrow(() -> badType(at, code));
            }
            tokens.add(new Token(texts.get(id), scores.isPresent() ? scores.get()[id] : 0, type));
        }

        SequencedMap<String, Integer> ids = new LinkedHashMap<>();
        SequencedMap<String, Boolean> added = new LinkedHashMap<>();
        SequencedMap<String, Boolean> normalizers = new LinkedHashMap<>();
        ID_KEYS.forEach(
                (name, key) ->
                        gguf.integer(PREFIX + key)
                                .ifPresent(
                                        id -> {
                                            // A reader ignores an id that no token has, as
                                            // llama.cpp does.
                                            if (id >= 0 && id < texts.size())
                                                ids.put(name, (int) id);
                                        }));
        for (String name : ADDED) {
            gguf.bool(PREFIX + "add_" + name + "_token").ifPresent(on -> added.put(name, on));
        }
        for (String name : NORMALIZERS) {
            gguf.bool(PREFIX + "normalizer." + name).ifPresent(on -> normalizers.put(name, on));
        }
        return new GgufVocabulary(
                model,
                gguf.string(PREFIX + "pre"),
                tokens,
                scores.isPresent(),
                gguf.strings(PREFIX + "merges").orElse(List.of()),
                ids,
                added,
                gguf.bool(PREFIX + "add_space_prefix"),
                normalizers,
                chatTemplates(gguf),
                model.equals(UNIGRAM) ? Optional.of(unigram(gguf)) : Optional.empty());
    }

    private static UnigramRules unigram(GgufMetadata gguf) {
        String key = PREFIX + "precompiled_charsmap";
        long[] map = gguf.integers(key).orElse(new long[0]);
        byte[] bytes = new byte[map.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) map[i];
        return new UnigramRules(
                gguf.bool(PREFIX + "remove_extra_whitespaces").orElse(false),
                Charsmap.parse(bytes, "GGUF: " + key));
    }

    private static ChatTemplates chatTemplates(GgufMetadata gguf) {
        SequencedMap<String, String> named = new LinkedHashMap<>();
        for (var entry : gguf.values().entrySet()) {
            if (entry.getKey().startsWith(NAMED_TEMPLATE)
                    && entry.getValue() instanceof GgufValue.Text(String text)) {
                named.put(entry.getKey().substring(NAMED_TEMPLATE.length()), text);
            }
        }
        return new ChatTemplates(gguf.string("tokenizer.chat_template"), named);
    }

    /**
     * Writes the keys in the order in which convert_hf_to_gguf writes them; empty strings and lists
     * are left out, as there.
     */
    public void putInto(GgufMetadata.Builder builder) {
        if (unigram.isEmpty()) putSpacePrefix(builder);
        builder.put(PREFIX + "model", GgufValue.text(model));
        pre.ifPresent(name -> builder.put(PREFIX + "pre", GgufValue.text(name)));
        builder.put(PREFIX + "tokens", GgufValue.texts(tokens.stream().map(Token::text).toList()));
        if (scored) {
            float[] scores = new float[tokens.size()];
            for (int id = 0; id < scores.length; id++) scores[id] = tokens.get(id).score();
            builder.put(PREFIX + "scores", GgufValue.floats(scores));
        }
        int[] types = tokens.stream().mapToInt(token -> token.type().code()).toArray();
        builder.put(PREFIX + "token_type", GgufValue.i32s(types));
        unigram.ifPresent(
                rules -> {
                    putSpacePrefix(builder);
                    putRules(rules, builder);
                });
        if (!merges.isEmpty()) builder.put(PREFIX + "merges", GgufValue.texts(merges));
        specialIds.forEach(
                (name, id) -> {
                    String key = ID_KEYS.get(name);
                    if (key == null) throw new IllegalStateException("special token " + name);
                    builder.put(PREFIX + key, GgufValue.u32(id));
                });
        addSpecial.forEach(
                (name, on) -> builder.put(PREFIX + "add_" + name + "_token", GgufValue.bool(on)));
        putTemplates(builder);
        for (String name : NORMALIZERS) {
            Boolean on = normalizers.get(name);
            if (on != null) builder.put(PREFIX + "normalizer." + name, GgufValue.bool(on));
        }
    }

    private void putSpacePrefix(GgufMetadata.Builder builder) {
        addSpacePrefix.ifPresent(
                on -> builder.put(PREFIX + "add_space_prefix", GgufValue.bool(on)));
    }

    private static void putRules(UnigramRules rules, GgufMetadata.Builder builder) {
        builder.put(
                PREFIX + "remove_extra_whitespaces",
                GgufValue.bool(rules.removeExtraWhitespaces()));
        if (rules.charsmap().isEmpty()) return;
        byte[] bytes = rules.charsmap().bytes();
        long[] map = new long[bytes.length];
        for (int i = 0; i < map.length; i++) map[i] = bytes[i] & 0xff;
        builder.put(PREFIX + "precompiled_charsmap", new GgufValue.Numbers(GgufValueType.U8, map));
    }

    private void putTemplates(GgufMetadata.Builder builder) {
        chatTemplates
                .named()
                .forEach(
                        (name, text) -> {
                            if (!text.isEmpty()) {
                                builder.put(NAMED_TEMPLATE + name, GgufValue.text(text));
                            }
                        });
        if (!chatTemplates.named().isEmpty()) {
            builder.put(
                    "tokenizer.chat_templates",
                    GgufValue.texts(List.copyOf(chatTemplates.named().keySet())));
        }
        chatTemplates
                .main()
                .filter(text -> !text.isEmpty())
                .ifPresent(text -> builder.put("tokenizer.chat_template", GgufValue.text(text)));
    }

    /**
     * The bytes for which a SentencePiece vocabulary has no piece, in order; empty for other
     * algorithms. llama.cpp needs such a piece for every byte of a character that no token holds,
     * and ends the whole process where it is missing.
     */
    public List<Integer> missingBytes() {
        if (!model.equals(SPM)) return List.of();
        // llama.cpp finds them by text, whatever their type.
        Set<String> texts =
                tokens.stream()
                        .map(Token::text)
                        .filter(text -> BytePieces.valueOf(text) >= 0)
                        .collect(toSet());
        return IntStream.range(0, 256)
                .filter(value -> !texts.contains(BytePieces.name(value)))
                .boxed()
                .toList();
    }

    /** This vocabulary with other special ids and other tokens added. */
    GgufVocabulary withSpecials(
            SequencedMap<String, Integer> otherIds, SequencedMap<String, Boolean> otherAdded) {
        return new GgufVocabulary(
                model,
                pre,
                tokens,
                scored,
                merges,
                otherIds,
                otherAdded,
                addSpacePrefix,
                normalizers,
                chatTemplates,
                unigram);
    }

    /**
     * This vocabulary with the missing byte pieces at its end, so that every text tokenizes. The
     * ids that were there don't change. llama.cpp doesn't look at a byte piece's score unless a
     * text spells its name and other pieces merge to it; the lowest of all makes that the last
     * merge.
     */
    public GgufVocabulary withBytePieces() {
        List<Token> extended = new ArrayList<>(tokens);
        float lowest = 0;
        for (Token token : tokens) lowest = Math.min(lowest, token.score());
        for (int value : missingBytes()) {
            extended.add(new Token(BytePieces.name(value), lowest - 1, TokenType.BYTE));
        }
        return new GgufVocabulary(
                model,
                pre,
                extended,
                scored,
                merges,
                specialIds,
                addSpecial,
                addSpacePrefix,
                normalizers,
                chatTemplates,
                unigram);
    }

    private static MalformedException missing(String key, String what) {
        return new MalformedException("GGUF: no %s%s: %s".formatted(PREFIX, key, what));
    }

    private static MalformedException badType(int id, long code) {
        return new MalformedException(
                "GGUF: tokenizer.ggml.token_type[%d] is %d, expected 1 to 6".formatted(id, code));
    }

    private static void sameLength(String key, int found, int expected) {
        if (found != expected) {
            throw new MalformedException(
                    "GGUF: %s%s has %d entries, expected %d as tokens"
                            .formatted(PREFIX, key, found, expected));
        }
    }
}
