package tk.verify;

import tk.tensor.DType;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Conversions with damaged bytes in one tensor, whatever its type. */
final class StoredByteMutations {
    private final List<Mutation> all = new ArrayList<>();

    static List<Mutation> all() {
        StoredByteMutations mutations = new StoredByteMutations();
        mutations.bytes();
        return mutations.all;
    }

    private void add(String group, String name, Consumer<TinyGguf> damage) {
        all.add(new Mutation(group, name, Mutation.Base.LLAMA, damage));
    }

    private void bytes() {
        String g = "stored bytes";
        add(g, "one sign bit flipped", m -> damage(m, b -> b[at(m, 5) + signAt(m)] ^= (byte) 0x80));
        add(
                g,
                "one bit of a scale or exponent flipped",
                m -> damage(m, b -> b[at(m, 6) + signAt(m)] ^= 0x10));
        add(
                g,
                "one bit of a code or mantissa flipped",
                m -> damage(m, b -> b[at(m, 9) + codeAt(m)] ^= 0x40));
        add(
                g,
                "a block's scale zero",
                m ->
                        damage(
                                m,
                                b -> {
                                    b[at(m, 7) + signAt(m)] = 0;
                                    b[at(m, 7) + signAt(m) - 1] = 0;
                                    if (!m.type.isBlock())
                                        b[
                                                        at(m, 7)
                                                                + signAt(m)
                                                                - 2
                                                                + (m.type == DType.F32 ? 0 : 2)] =
                                                0;
                                }));
        add(
                g,
                "a hundred bits flipped",
                m ->
                        damage(
                                m,
                                b -> {
                                    SplittableRandom r = new SplittableRandom(3);
                                    for (int i = 0; i < 100; i++)
                                        b[r.nextInt(b.length)] ^= (byte) (1 << r.nextInt(8));
                                }));
        add(
                g,
                "a hole of 64 zero bytes",
                m -> damage(m, b -> java.util.Arrays.fill(b, 4096, 4160, (byte) 0)));
        add(
                g,
                "data shifted by one block",
                m ->
                        damage(
                                m,
                                b -> {
                                    int n = m.type.isBlock() ? m.type.blockBytes() : 32;
                                    byte[] c = b.clone();
                                    System.arraycopy(c, 0, b, n, b.length - n);
                                }));
        add(
                g,
                "bytes in the wrong order",
                m ->
                        damage(
                                m,
                                b -> {
                                    for (int i = 0; i + 1 < b.length; i += 2) {
                                        byte x = b[i];
                                        b[i] = b[i + 1];
                                        b[i + 1] = x;
                                    }
                                }));
        add(
                g,
                "the end of a tensor zero",
                m ->
                        damage(
                                m,
                                b ->
                                        java.util.Arrays.fill(
                                                b, b.length - b.length / 8, b.length, (byte) 0)));
        add(
                g,
                "two blocks exchanged",
                m ->
                        damage(
                                m,
                                b -> {
                                    int n = m.type.isBlock() ? m.type.blockBytes() : 32;
                                    for (int i = 0; i < n; i++) {
                                        byte x = b[i];
                                        b[i] = b[i + 5 * n];
                                        b[i + 5 * n] = x;
                                    }
                                }));
    }

    private static void damage(TinyGguf m, Consumer<byte[]> change) {
        m.damage.put("blk.1.ffn_up.weight", change);
    }

    /** Where a block (or the value in its place) begins. */
    private static int at(TinyGguf m, int block) {
        return block * (m.type.isBlock() ? m.type.blockBytes() : m.type.blockBytes() * 32);
    }

    /** The byte that holds the sign of a block's scale, or of a value. */
    private static int signAt(TinyGguf m) {
        return m.type.isBlock() ? 1 : m.type.blockBytes() - 1;
    }

    private static int codeAt(TinyGguf m) {
        return m.type.isBlock() ? m.type.blockBytes() / 2 : m.type == DType.F32 ? 2 : 0;
    }
}
