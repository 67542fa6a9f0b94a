package tk.tokenizer;

import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.tokenizer.SpecialPartition.Fragment;

import java.util.Optional;

/**
 * The tokenizer that a GGUF's metadata describes, as llama.cpp (and Ollama, which runs the same
 * code) carries it out. Pure Java; thread-safe.
 *
 * <p>It is not always the tokenizer the model was trained with. What llama.cpp leaves out of
 * SentencePiece, for a {@code llama} vocabulary:
 *
 * <ul>
 *   <li>The normalizer: no NFKC, no squeezing or trimming of spaces, no removed control characters.
 *       Only spaces become U+2581.
 *   <li>A run of unknown characters is one {@code <unk>} in SentencePiece without byte fallback;
 *       here it is a byte piece for every byte, and an error where there are none.
 *   <li>The space before the first word comes again after every special token.
 *   <li>Any token's text can be the result of a merge, control tokens' too.
 *   <li>User-defined pieces, which the converter makes ordinary ones, are merged by their score
 *       rather than taken first.
 * </ul>
 *
 * <p>Source: llama.cpp, {@code llama-vocab.cpp}.
 */
public final class GgufTokenizer implements Tokenizer {
    /** How the text between special tokens is cut, and how tokens become text again. */
    interface Algorithm {
        /**
         * Appends the ids of a text; {@code afterSpecial} where a special token or nothing is
         * before it.
         */
        void encode(String text, boolean afterSpecial, Ints out);

        /** Appends the bytes that a token which isn't hidden stands for. */
        void decode(int id, java.io.ByteArrayOutputStream out);
    }

    private final GgufVocabulary vocabulary;
    private final GgufTokens tokens;
    private final SpecialPartition partition;
    private final Algorithm algorithm;
    private final boolean addSpacePrefix;
    private final boolean addsBos;

    private GgufTokenizer(GgufVocabulary vocabulary, String modelName) {
        this.vocabulary = vocabulary;
        this.tokens = new GgufTokens(vocabulary);
        this.partition = new SpecialPartition(tokens, modelName);
        switch (vocabulary.model()) {
            case GgufVocabulary.SPM -> {
                addSpacePrefix = vocabulary.addSpacePrefix().orElse(true);
                addsBos = vocabulary.addSpecial().getOrDefault("bos", true);
                algorithm = new SpmAlgorithm(tokens, vocabulary, addSpacePrefix);
            }
            case GgufVocabulary.BPE -> {
                addSpacePrefix = false;
                addsBos =
                        vocabulary
                                .addSpecial()
                                .getOrDefault(
                                        "bos",
                                        GgufPreTokenizers.addsBos(vocabulary.pre().orElse("")));
                algorithm = new BpeAlgorithm(tokens, vocabulary);
            }
            case GgufVocabulary.UNIGRAM -> {
                addSpacePrefix = vocabulary.addSpacePrefix().orElse(false);
                addsBos = vocabulary.addSpecial().getOrDefault("bos", false);
                algorithm =
                        new UgmAlgorithm(tokens, vocabulary, vocabulary.unigram().orElseThrow());
            }
            default ->
                    throw new UnsupportedException(
                            "tokenizer.ggml.model is \"%s\"".formatted(vocabulary.model()),
                            "tk tokenizes llama, gpt2 and t5.");
        }
    }

    /** The tokenizer of a file with this metadata. */
    public static GgufTokenizer of(GgufMetadata gguf) {
        return of(GgufVocabulary.fromGguf(gguf), gguf.string("general.name").orElse(""));
    }

    /**
     * The tokenizer of a vocabulary.
     *
     * @param modelName {@code general.name}: llama.cpp lets special tokens of phi-3 swallow the
     *     spaces after them
     */
    public static GgufTokenizer of(GgufVocabulary vocabulary, String modelName) {
        return new GgufTokenizer(vocabulary, modelName);
    }

    @Override
    public int[] encode(String text, Specials specials) {
        String wellFormed = Utf8.wellFormed(text);
        Ints out = new Ints(wellFormed.length() / 3);
        boolean afterSpecial = true;
        for (Fragment fragment : partition.cut(wellFormed, specials)) {
            switch (fragment) {
                case Fragment.Raw(int from, int to) -> {
                    algorithm.encode(wellFormed.substring(from, to), afterSpecial, out);
                    afterSpecial = false;
                }
                case Fragment.Special(int id) -> {
                    out.add(id);
                    afterSpecial = true;
                }
            }
        }
        return out.toArray();
    }

    /**
     * The ids that llama.cpp feeds to the model for a prompt: with the tokens before and after it
     * that the metadata asks for.
     */
    public int[] encodePrompt(String text, Specials specials) {
        int[] ids = encode(text, specials);
        Ints out = new Ints(ids.length + 2);
        if (addsBos) bosId().ifPresent(out::add);
        for (int id : ids) out.add(id);
        boolean unigram = vocabulary.model().equals(GgufVocabulary.UNIGRAM);
        if (vocabulary.addSpecial().getOrDefault("eos", unigram)) eosId().ifPresent(out::add);
        return out.toArray();
    }

    /**
     * {@inheritDoc} The space that {@link #encode} put before the first word is taken away again,
     * as llama.cpp's detokenize does; its clean-up of spaces before punctuation, which its programs
     * don't use, is left out. Bytes that are no UTF-8 become U+FFFD.
     */
    @Override
    public String decode(int... ids) {
        var out = new java.io.ByteArrayOutputStream(ids.length * 4);
        for (int id : ids) {
            if (!tokens.isHidden(check(id))) algorithm.decode(id, out);
        }
        String text = out.toString(java.nio.charset.StandardCharsets.UTF_8);
        boolean spaced =
                addSpacePrefix
                        && ids.length > 0
                        && !tokens.isHidden(ids[0])
                        && text.startsWith(" ");
        return spaced ? text.substring(1) : text;
    }

    /** The bytes that one token adds to a text; none for control tokens. */
    public byte[] bytes(int id) {
        var out = new java.io.ByteArrayOutputStream();
        if (!tokens.isHidden(check(id))) algorithm.decode(id, out);
        return out.toByteArray();
    }

    @Override
    public String piece(int id) {
        return tokens.text(check(id));
    }

    @Override
    public int size() {
        return tokens.size();
    }

    /** What the metadata says. */
    public GgufVocabulary vocabulary() {
        return vocabulary;
    }

    /** The id of the token that begins a text. */
    public Optional<Integer> bosId() {
        return specialId("bos", 1);
    }

    /** The id of the token that ends a text. */
    public Optional<Integer> eosId() {
        return specialId("eos", 2);
    }

    /** Whether {@link #encodePrompt} begins with {@link #bosId()}. */
    public boolean addsBos() {
        return addsBos;
    }

    private Optional<Integer> specialId(String name, int ofSpm) {
        // What llama.cpp assumes where the file says nothing.
        return vocabulary
                .specialId(name)
                .or(
                        () ->
                                switch (vocabulary.model()) {
                                    case GgufVocabulary.SPM -> Optional.of(ofSpm);
                                    case GgufVocabulary.BPE -> Optional.of(11);
                                    default -> Optional.empty();
                                })
                .filter(id -> id < size());
    }

    private int check(int id) {
        if (id >= 0 && id < size()) return id;
        throw new IllegalArgumentException("token " + id + " of a vocabulary of " + size());
    }
}
