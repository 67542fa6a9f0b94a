package tk.tokenizer;

import tk.error.MalformedException;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.GgufVocabulary.UnigramRules;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * llama.cpp's reading of a SentencePiece unigram vocabulary: normalized, then cut into the most
 * likely tokens. Unknown characters are the unknown token, one for a run, even where there are byte
 * tokens.
 */
final class UgmAlgorithm implements GgufTokenizer.Algorithm {
    private static final byte[] SPACE = {(byte) 0xe2, (byte) 0x96, (byte) 0x81};

    private final GgufTokens tokens;
    private final UnigramRules rules;
    private final boolean addSpacePrefix;
    private final Trie userDefined = new Trie(16);
    private final Viterbi viterbi;
    private final int unknownId;

    UgmAlgorithm(GgufTokens tokens, GgufVocabulary vocabulary, UnigramRules rules) {
        this.tokens = tokens;
        this.rules = rules;
        addSpacePrefix = vocabulary.addSpacePrefix().orElse(false);
        unknownId = vocabulary.specialId("unk").orElse(2);
        List<Token> list = vocabulary.tokens();
        if (unknownId >= list.size()) {
            throw new MalformedException(
                    "GGUF: tokenizer.ggml.tokens has %d entries, so that there is none for unknown characters (%d)"
                            .formatted(list.size(), unknownId),
                    "Convert the model again from its source.");
        }
        Trie trie = new Trie(list.size() * 8);
        double[] scores = new double[list.size()];
        float lowest = Float.MAX_VALUE;
        for (int id = 0; id < scores.length; id++) {
            byte[] text = Utf8.bytes(tokens.text(id));
            scores[id] = list.get(id).score();
            if (tokens.is(id, TokenType.NORMAL)) {
                lowest = Math.min(lowest, list.get(id).score());
                trie.add(text, id);
            } else if (tokens.is(id, TokenType.USER_DEFINED)) {
                scores[id] = 0;
                trie.add(text, id);
                userDefined.add(text, id);
            } else if (tokens.is(id, TokenType.UNUSED)) {
                trie.add(text, id);
            }
        }
        viterbi = new Viterbi(trie, scores, unknownId, lowest - Viterbi.UNKNOWN_PENALTY, false);
    }

    @Override
    public void encode(String text, boolean afterSpecial, Ints out) {
        byte[] normalized = normalize(text.getBytes(StandardCharsets.UTF_8));
        boolean[] afterUnknown = {false};
        viterbi.encode(
                normalized,
                (id, from, to) -> {
                    boolean unknown = id == unknownId;
                    if (!unknown || !afterUnknown[0]) out.add(id);
                    afterUnknown[0] = unknown;
                });
    }

    private byte[] normalize(byte[] text) {
        Bytes out = new Bytes(text.length + text.length / 2 + 8);
        boolean merge = rules.removeExtraWhitespaces();
        boolean prepended = false;
        boolean inWord = false;
        for (int at = 0; at < text.length; ) {
            byte[] source = text;
            int from = at;
            int to;
            // llama.cpp takes any beginning of a user-defined token for the whole of it.
            int kept = userDefined.longestPath(text, at, text.length);
            long match = kept > 0 ? 0 : rules.charsmap().longestMatch(text, at, text.length);
            if (match == 0) {
                at += kept > 0 ? kept : Math.min(Utf8.length(text[at]), text.length - at);
                to = at;
            } else {
                source = rules.charsmap().replacements();
                from = (int) match;
                to = from;
                while (source[to] != 0) to++;
                at += (int) (match >>> 32);
            }
            for (int i = from; i < to; i++) {
                if (source[i] == ' ') {
                    inWord = false;
                    if (!merge) out.add(SPACE);
                    continue;
                }
                if (!inWord) {
                    inWord = true;
                    if ((addSpacePrefix && !prepended) || merge) {
                        out.add(SPACE);
                        prepended = true;
                    }
                }
                out.add(source[i]);
            }
        }
        return out.toArray();
    }

    /** A growing list of bytes. */
    private static final class Bytes {
        private byte[] values;
        private int size;

        Bytes(int capacity) {
            values = new byte[capacity];
        }

        void add(byte value) {
            if (size == values.length) values = Arrays.copyOf(values, size * 2);
            values[size++] = value;
        }

        void add(byte[] several) {
            for (byte value : several) add(value);
        }

        byte[] toArray() {
            return Arrays.copyOf(values, size);
        }
    }

    @Override
    public void decode(int id, ByteArrayOutputStream out) {
        SpmAlgorithm.decode(tokens, id, out);
    }
}
