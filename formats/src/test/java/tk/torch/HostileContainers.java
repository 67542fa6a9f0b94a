package tk.torch;

import static tk.torch.HostileFiles.join;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;

/** Zip archives, tar archives and legacy files that lie, or that hide a hostile pickle. */
final class HostileContainers {
    private HostileContainers() {}

    /** Adds them, by a name that says what each tries. */
    static void addTo(Map<String, byte[]> files) {
        archives(files);
        otherForms(files);
    }

    private static void archives(Map<String, byte[]> files) {
        byte[] honest = Pickle.protocol(2).op(Opcode.EMPTY_DICT).weight("a.b").stop();
        byte[] hostile = Pickle.protocol(2).call("os", "system", "echo").stop();
        byte[] data = new byte[16];
        byte[] zeros = new byte[20 << 20];
        files.put(
                "a hostile pickle after an honest one",
                new TestZip()
                        .stored("archive/data.pkl", honest)
                        .stored("archive/data/0", data)
                        .stored("evil/data.pkl", hostile)
                        .finish());
        files.put(
                "a zip bomb as the pickle",
                new TestZip().deflated("archive/data.pkl", zeros).finish());
        TestZip lying = new TestZip().deflated("archive/data.pkl", zeros);
        lying.last().size = 1 << 20;
        files.put("a zip bomb that states a small size", lying.finish());
        TestZip short_ = new TestZip().deflated("archive/data.pkl", honest);
        short_.last().size = 1 << 20;
        files.put("a packed pickle that states too much", short_.finish());
        files.put(
                "a packed hostile pickle",
                new TestZip().deflated("archive/data.pkl", hostile).finish());
        TestZip overlapping =
                new TestZip().stored("archive/data.pkl", honest).stored("archive/data/0", data);
        overlapping.last().offset = 0;
        overlapping.last().name = "archive/data.pkl";
        files.put("two entries of one name", overlapping.finish());
        TestZip shared =
                new TestZip()
                        .stored("archive/data.pkl", honest)
                        .stored("archive/data/0", new byte[64]);
        shared.lines.getFirst().packedSize += 60;
        shared.lines.getFirst().size += 60;
        files.put("overlapping entries", shared.finish());
        for (String name :
                new String[] {
                    "../data.pkl",
                    "archive/../../data.pkl",
                    "/etc/data.pkl",
                    "archive\\..\\data.pkl",
                    "C:/data.pkl",
                    "archive/\0/data.pkl"
                }) {
            files.put(
                    "an entry named " + Spelling.visible(name).replace('/', '|'),
                    new TestZip().stored(name, honest).finish());
        }
        TestZip far = new TestZip().stored("archive/data.pkl", honest);
        far.last().offset = 0x7fffffff;
        files.put("an entry beyond the file", far.finish());
        TestZip large = new TestZip().stored("archive/data.pkl", honest);
        large.last().size = large.last().packedSize = 0x7fffffff;
        files.put("an entry of 2 GiB", large.finish());
        TestZip wide = new TestZip().stored("archive/data.pkl", honest);
        wide.last().size = wide.last().packedSize = 0xffffffffL;
        files.put("an entry that promises zip64 and has none", wide.finish());
        TestZip renamed = new TestZip().stored("archive/data.pkl", honest);
        renamed.last().name = "archivE/data.pkl";
        files.put("an entry of two names", renamed.finish());
        files.put(
                "a directory of too many entries",
                new TestZip().stored("archive/data.pkl", honest).finish(60_000));
        byte[] whole = TestZip.checkpoint(honest);
        files.put("an archive cut short", Arrays.copyOf(whole, whole.length - 30));
        files.put(
                "a byte order that is none",
                new TestZip()
                        .stored("archive/data.pkl", honest)
                        .stored("archive/byteorder", "middle".getBytes(UTF_8))
                        .stored("archive/data/0", data)
                        .finish());
    }

    private static byte[] longs(long... values) {
        ByteBuffer out = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) out.putLong(value);
        return out.array();
    }

    /** The three pickles that come before the object in the legacy form. */
    static byte[] legacyHead() {
        byte[] magic = {
            0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8, 0x50, 0x19
        };
        return join(
                Pickle.protocol(2).op(Opcode.LONG1, 10).raw(magic).stop(),
                Pickle.protocol(2).integer(1001).stop(),
                Pickle.protocol(2).op(Opcode.EMPTY_DICT).stop());
    }

    /** A checkpoint in the legacy form: object, storage keys, then what follows. */
    static byte[] legacy(byte[] object, byte[] keys, byte[]... storages) {
        return join(legacyHead(), object, keys, join(storages));
    }

    private static void otherForms(Map<String, byte[]> files) {
        byte[] hostile = Pickle.protocol(2).call("os", "system", "echo").stop();
        byte[] object = Pickle.protocol(2).op(Opcode.EMPTY_DICT).weight("a.b").stop();
        byte[] keys = Pickle.protocol(2).op(Opcode.EMPTY_LIST).text("0").op(Opcode.APPEND).stop();
        byte[] data = new byte[16];
        files.put("a bare hostile pickle", hostile);
        files.put(
                "a bare hostile pickle of protocol 4",
                Pickle.protocol(4).text("os").text("system").op(Opcode.STACK_GLOBAL).stop());
        files.put(
                "a bare hostile pickle of protocol 0",
                "cos\nsystem\n(S'echo pwned'\ntR.".getBytes(UTF_8));
        files.put("a zip behind a hostile pickle", join(hostile, TestZip.checkpoint(object)));
        files.put("legacy with a hostile object", legacy(hostile, keys, longs(4), data));
        files.put("legacy with hostile keys", legacy(object, hostile, longs(4), data));
        files.put("legacy cut short", legacy(object, keys, longs(4), new byte[15]));
        files.put("legacy with a storage of another size", legacy(object, keys, longs(5), data));
        files.put(
                "legacy with a storage of 2^62 elements",
                legacy(object, keys, longs(1L << 62), data));
        files.put("legacy with something behind", legacy(object, keys, longs(4), data, data));
        files.put(
                "legacy without its storage",
                legacy(object, Pickle.protocol(2).op(Opcode.EMPTY_LIST).stop()));
        files.put(
                "legacy with a storage of nothing",
                legacy(
                        object,
                        Pickle.protocol(2).op(Opcode.EMPTY_LIST).text("9").op(Opcode.APPEND).stop(),
                        longs(4),
                        data));
        files.put(
                "legacy of another protocol",
                join(Arrays.copyOf(legacyHead(), 15), Pickle.protocol(2).integer(9).stop()));
        files.put(
                "tar with a hostile pickle",
                tar(Map.of("storages", hostile, "tensors", hostile, "pickle", hostile)));
        files.put(
                "tar with a storage of 2^60 elements",
                tar(
                        Map.of(
                                "storages",
                                join(
                                        Pickle.protocol(2).integer(1).stop(),
                                        Pickle.protocol(2)
                                                .op(Opcode.MARK)
                                                .integer(1)
                                                .text("cpu")
                                                .global("torch", "FloatStorage")
                                                .op(Opcode.TUPLE)
                                                .stop(),
                                        longs(1L << 60)),
                                "tensors",
                                new byte[0],
                                "pickle",
                                new byte[0])));
        files.put(
                "tar with two billion storages",
                tar(
                        Map.of(
                                "storages",
                                Pickle.protocol(2).integer(0x7fffffff).stop(),
                                "tensors",
                                new byte[0],
                                "pickle",
                                new byte[0])));
    }

    /** A tar archive of these members. */
    static byte[] tar(Map<String, byte[]> members) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        members.forEach(
                (name, bytes) -> {
                    byte[] header = new byte[512];
                    put(header, 0, name);
                    put(header, 100, "0000644");
                    put(header, 124, "%011o".formatted(bytes.length));
                    put(header, 148, "        ");
                    header[156] = '0';
                    put(header, 257, "ustar");
                    int sum = 0;
                    for (byte b : header) sum += b & 0xff;
                    put(header, 148, "%06o\0".formatted(sum));
                    out.writeBytes(header);
                    out.writeBytes(bytes);
                    out.writeBytes(new byte[Math.floorMod(-bytes.length, 512)]);
                });
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
