package tk.tokenizer;

import java.util.Arrays;

/**
 * Brings a text into the form that a SentencePiece model's pieces match: characters replaced by the
 * rule, spaces squeezed, the space before the first word added, spaces turned into U+2581.
 *
 * <p>Source: google/sentencepiece, {@code normalizer.cc}.
 */
final class SentencePieceNormalizer {
    private static final byte[] ESCAPED = {(byte) 0xe2, (byte) 0x96, (byte) 0x81};
    private static final byte[] PLAIN = {' '};

    private final SentencePieceModel.Normalizer rules;
    private final boolean suffix;
    private final Trie userDefined;
    private final byte[] space;

    /**
     * @param suffix whether the added space goes after the text
     * @param userDefined pieces that stay as they are
     */
    SentencePieceNormalizer(SentencePieceModel.Normalizer rules, boolean suffix, Trie userDefined) {
        this.rules = rules;
        this.suffix = suffix;
        this.userDefined = userDefined;
        this.space = rules.escapeWhitespaces() ? ESCAPED : PLAIN;
    }

    /**
     * The normalized text.
     *
     * @param text well-formed UTF-8
     */
    byte[] normalize(byte[] text) {
        return new Run(text).normalize();
    }

    /** One text's normalization; {@code next} reads what the coming characters are replaced by. */
    private final class Run {
        private final byte[] text;
        private int at;
        private byte[] out;
        private int size;

        // What the characters at hand are replaced by, and where the next ones start.
        private byte[] source;
        private int from;
        private int to;

        Run(byte[] text) {
            this.text = text;
            this.source = text;
            this.out = new byte[text.length + text.length / 4 + 16];
        }

        byte[] normalize() {
            boolean squeeze = rules.removeExtraWhitespaces();
            int start = 0;
            if (squeeze) {
                while (at < text.length) {
                    next();
                    if (to - from != 1 || source[from] != ' ') break;
                    start = at;
                }
                at = start;
            }
            if (at == text.length) return new byte[0];
            if (rules.addDummyPrefix() && !suffix) append(space);
            boolean afterSpace = squeeze;
            while (at < text.length) {
                next();
                if (afterSpace) while (from < to && source[from] == ' ') from++;
                if (from == to) continue;
                for (int i = from; i < to; i++) {
                    if (source[i] == ' ') append(space);
                    else append(source[i]);
                }
                afterSpace = squeeze && source[to - 1] == ' ';
            }
            if (squeeze) while (endsWithSpace()) size -= space.length;
            if (rules.addDummyPrefix() && suffix) append(space);
            return Arrays.copyOf(out, size);
        }

        private void next() {
            if (userDefined != null) {
                int length = (int) (userDefined.longest(text, at, text.length) >>> 32);
                if (length > 0) {
                    keep(length);
                    return;
                }
            }
            long match = rules.charsmap().longestMatch(text, at, text.length);
            if (match == 0) {
                keep(Utf8.length(text[at]));
                return;
            }
            source = rules.charsmap().replacements();
            from = (int) match;
            to = from;
            while (source[to] != 0) to++;
            at += (int) (match >>> 32);
        }

        private void keep(int length) {
            source = text;
            from = at;
            at = Math.min(at + length, text.length);
            to = at;
        }

        private boolean endsWithSpace() {
            return size >= space.length
                    && Arrays.equals(out, size - space.length, size, space, 0, space.length);
        }

        private void append(byte[] bytes) {
            for (byte b : bytes) append(b);
        }

        private void append(byte b) {
            if (size == out.length) out = Arrays.copyOf(out, Math.multiplyExact(size, 2));
            out[size++] = b;
        }
    }
}
