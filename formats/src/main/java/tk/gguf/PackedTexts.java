package tk.gguf;

import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * A list of strings kept as UTF-8, decoded when asked for: a vocabulary takes what it takes in the
 * file, not ten times that. Immutable.
 */
final class PackedTexts extends AbstractList<String> implements RandomAccess {
    private final byte[] bytes;
    private final int[] ends;

    private PackedTexts(byte[] bytes, int[] ends) {
        this.bytes = bytes;
        this.ends = ends;
    }

    /** Reads {@code count} strings. */
    static PackedTexts read(GgufInput in, long count, String what) {
        in.spend(4 * count);
        int[] ends = new int[(int) count];
        byte[] bytes = new byte[1024];
        int used = 0;
        for (int i = 0; i < ends.length; i++) {
            long at = in.position();
            int length = in.textLength(what);
            if (length > bytes.length - used) {
                long needed = (long) used + length;
                long size = Math.max(needed, Math.min(2L * bytes.length, used + in.remaining()));
                bytes = Arrays.copyOf(bytes, (int) size);
            }
            in.fill(bytes, used, length, what);
            String text = new String(bytes, used, length, StandardCharsets.UTF_8);
            if (!GgufInput.isUtf8(text, bytes, used, used + length)) {
                throw in.notUtf8(at, "string %s of %s".formatted(i, what));
            }
            used += length;
            ends[i] = used;
        }
        return new PackedTexts(used > bytes.length / 2 ? bytes : Arrays.copyOf(bytes, used), ends);
    }

    @Override
    public String get(int index) {
        Objects.checkIndex(index, ends.length);
        int from = index == 0 ? 0 : ends[index - 1];
        return new String(bytes, from, ends[index] - from, StandardCharsets.UTF_8);
    }

    @Override
    public int size() {
        return ends.length;
    }
}
