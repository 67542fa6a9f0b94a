package tk.tokenizer;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A compiled normalization rule of SentencePiece: for a prefix of a text, the longest sequence that
 * the rule replaces, and its replacement. Immutable.
 *
 * <p>Layout, little-endian:
 *
 * <ol>
 *   <li>u32 size of the trie in bytes
 *   <li>the trie, a Darts double array of u32 units: label in bits 0–7 (bit 31 marks a value),
 *       has-leaf in bit 8, offset in bits 10–30, shifted by 8 more where bit 9 is set
 *   <li>the replacements, UTF-8, each ended by a zero byte; a leaf's value is where its one starts
 * </ol>
 *
 * <p>Source: google/sentencepiece, {@code normalizer.cc}; s-yata/darts-clone, {@code darts.h}.
 */
public final class Charsmap {
    /** No rule at all: nothing is replaced. */
    public static final Charsmap NONE = new Charsmap(new int[0], new byte[0]);

    private static final int LABEL_MASK = 0x800000ff;

    private final int[] units;
    private final byte[] replacements;

    private Charsmap(int[] units, byte[] replacements) {
        this.units = units;
        this.replacements = replacements;
    }

    /**
     * The rule in these bytes; no bytes are no rule.
     *
     * @param place what to call the bytes in errors
     */
    public static Charsmap parse(byte[] bytes, String place) {
        if (bytes.length == 0) return NONE;
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long size = bytes.length < 4 ? -1 : Integer.toUnsignedLong(in.getInt());
        if (size < 4 || size % 4 != 0 || size >= bytes.length - 4) {
            throw new MalformedException(
                    "%s: the normalizer's map has %d bytes and a trie of %d"
                            .formatted(place, bytes.length, size));
        }
        int[] units = new int[(int) (size / 4)];
        for (int i = 0; i < units.length; i++) units[i] = in.getInt();
        byte[] replacements = new byte[in.remaining()];
        in.get(replacements);
        if (replacements[replacements.length - 1] != 0) {
            throw new MalformedException(
                    place + ": the normalizer's map ends inside a replacement");
        }
        Charsmap charsmap = new Charsmap(units, replacements);
        charsmap.check(place);
        return charsmap;
    }

    /**
     * Walks every path of the trie once: whatever text it is asked about, no step may lead out of
     * it. The native library takes that for granted.
     */
    private void check(String place) {
        BitSet seen = new BitSet(units.length);
        Ints open = new Ints(64);
        open.add(offset(units[0]));
        while (open.size() > 0) {
            int node = open.removeLast();
            for (int c = 0; c < 256; c++) {
                int child = node ^ c;
                if (child < 0 || child >= units.length) throw damaged(place, child);
                int unit = units[child];
                if ((unit & LABEL_MASK) != c || seen.get(child)) continue;
                seen.set(child);
                int next = child ^ offset(unit);
                if (next < 0 || next >= units.length) throw damaged(place, next);
                if (isLeaf(unit)) {
                    int value = units[next] & 0x7fffffff;
                    if (value >= replacements.length) throw damaged(place, value);
                }
                open.add(next);
            }
        }
    }

    /** Whether nothing is ever replaced. */
    public boolean isEmpty() {
        return units.length == 0;
    }

    /**
     * The longest sequence at {@code from} that is replaced: its length in the upper 32 bits and
     * the place of its replacement in the lower ones; 0 where there is none.
     *
     * @param text UTF-8
     */
    long longestMatch(byte[] text, int from, int to) {
        if (units.length == 0) return 0;
        long found = 0;
        int node = offset(units[0]);
        for (int i = from; i < to; i++) {
            int c = text[i] & 0xff;
            node ^= c;
            int unit = units[node];
            if ((unit & LABEL_MASK) != c) break;
            node ^= offset(unit);
            if (isLeaf(unit)) found = LongIntMap.key(i + 1 - from, units[node] & 0x7fffffff);
        }
        return found;
    }

    /** What the shortest sequence at the start is replaced by, or null where there is none. */
    @Nullable String shortestReplacement(byte[] text) {
        for (int to = 1; to <= text.length; to++) {
            long match = longestMatch(text, 0, to);
            if (match == 0) continue;
            int from = (int) match;
            int end = from;
            while (replacements[end] != 0) end++;
            return new String(replacements, from, end - from, StandardCharsets.UTF_8);
        }
        return null;
    }

    /** The bytes it was read from. */
    public byte[] bytes() {
        if (isEmpty()) return new byte[0];
        ByteBuffer out =
                ByteBuffer.allocate(4 + units.length * 4 + replacements.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(units.length * 4);
        for (int unit : units) out.putInt(unit);
        out.put(replacements);
        return out.array();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Charsmap map
                && Arrays.equals(units, map.units)
                && Arrays.equals(replacements, map.replacements);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(units) * 31 + Arrays.hashCode(replacements);
    }

    /** The replacements, each ended by a zero byte; not a copy. */
    byte[] replacements() {
        return replacements;
    }

    private static boolean isLeaf(int unit) {
        return (unit >>> 8 & 1) != 0;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    private static MalformedException damaged(String place, int at) {
        return new MalformedException(
                "%s: the normalizer's map is damaged: it points to %d".formatted(place, at),
                "Get the tokenizer.model again from where the model was trained.");
    }
}
