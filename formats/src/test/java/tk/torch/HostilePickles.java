package tk.torch;

import java.io.ByteArrayOutputStream;
import java.util.Map;

/** Pickles that would take all memory or time, and such that break the format's rules. */
final class HostilePickles {
    private HostilePickles() {}

    /** Adds them, by a name that says what each tries. */
    static void addTo(Map<String, byte[]> files) {
        bombs(files);
        brokenPickles(files);
    }

    private static void add(Map<String, byte[]> files, String name, Pickle pickle) {
        HostileFiles.add(files, name, pickle);
    }

    private static Pickle repeat(Pickle pickle, int times, byte... piece) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < times; i++) out.writeBytes(piece);
        return pickle.raw(out.toByteArray());
    }

    private static byte[] code(Opcode... opcodes) {
        byte[] bytes = new byte[opcodes.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) opcodes[i].code();
        return bytes;
    }

    private static void bombs(Map<String, byte[]> files) {
        Pickle laughs = Pickle.protocol(2).text("ha");
        for (int i = 0; i < 64; i++) repeat(laughs, 9, code(Opcode.DUP)).op(Opcode.TUPLE3);
        add(files, "a billion laughs in tuples", laughs);
        Pickle lists = Pickle.protocol(2).op(Opcode.EMPTY_DICT).weight("a.b").text("x").text("ha");
        for (int i = 0; i < 40; i++) {
            lists.op(Opcode.BINPUT, 0).op(Opcode.EMPTY_LIST).op(Opcode.MARK);
            for (int k = 0; k < 10; k++) lists.op(Opcode.BINGET, 0);
            lists.op(Opcode.APPENDS);
        }
        add(files, "a billion laughs in lists", lists.op(Opcode.SETITEM));
        add(
                files,
                "four million empty dicts",
                repeat(Pickle.protocol(2), 4 << 20, code(Opcode.EMPTY_DICT)));
        add(
                files,
                "four million empty lists",
                repeat(Pickle.protocol(2), 4 << 20, code(Opcode.EMPTY_LIST)));
        add(files, "four million marks", repeat(Pickle.protocol(2), 4 << 20, code(Opcode.MARK)));
        add(
                files,
                "four million nested tuples",
                repeat(Pickle.protocol(2).op(Opcode.EMPTY_TUPLE), 4 << 20, code(Opcode.TUPLE1)));
        add(
                files,
                "a million copies of a text's bytes",
                repeat(
                        Pickle.protocol(2)
                                .global("_codecs", "encode")
                                .op(Opcode.BINPUT, 0)
                                .text("x".repeat(1 << 16))
                                .op(Opcode.TUPLE1)
                                .op(Opcode.BINPUT, 1),
                        1 << 20,
                        new byte[] {
                            (byte) Opcode.BINGET.code(), 0,
                            (byte) Opcode.BINGET.code(), 1,
                            (byte) Opcode.REDUCE.code()
                        }));
        add(
                files,
                "forty million opcodes that do nothing",
                repeat(Pickle.protocol(2).op(Opcode.NONE), 20 << 20, code(Opcode.DUP, Opcode.POP)));
        add(
                files,
                "a memo index of four billion",
                Pickle.protocol(2).op(Opcode.NONE).op(Opcode.LONG_BINPUT).u32(0xffffffffL));
        add(
                files,
                "a memo index of two billion",
                Pickle.protocol(2).op(Opcode.NONE).op(Opcode.LONG_BINPUT).u32(0x7fffffffL));
        add(
                files,
                "a memo index as text",
                Pickle.protocol(0).op(Opcode.NONE).lines(Opcode.PUT, "99999999999999"));
        add(
                files,
                "a memo of four million values",
                repeat(
                        Pickle.protocol(4).op(Opcode.NONE),
                        4 << 20,
                        code(Opcode.EMPTY_LIST, Opcode.MEMOIZE, Opcode.POP)));
        Pickle deep = Pickle.protocol(2);
        repeat(deep, 100_000, code(Opcode.EMPTY_LIST));
        repeat(deep, 99_999, code(Opcode.APPEND));
        add(files, "lists nested 100,000 deep", deep);
        add(
                files,
                "a list in itself",
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_LIST)
                        .op(Opcode.BINPUT, 0)
                        .op(Opcode.BINGET, 0)
                        .op(Opcode.APPEND));
        add(
                files,
                "recursive BUILD",
                Pickle.protocol(2)
                        .call("argparse", "Namespace")
                        .op(Opcode.BINPUT, 0)
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.BINPUT, 1)
                        .text("self")
                        .op(Opcode.BINGET, 0)
                        .op(Opcode.SETITEM)
                        .op(Opcode.BUILD)
                        .op(Opcode.BINGET, 1)
                        .op(Opcode.BUILD));
        add(
                files,
                "BUILD on a tensor",
                Pickle.protocol(2)
                        .tensor("0", 4, 0, new int[] {4}, new int[] {1})
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.BUILD));
        add(
                files,
                "two names of one tensor in nested dicts",
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_DICT)
                        .weight("a.b")
                        .text("a")
                        .op(Opcode.EMPTY_DICT)
                        .weight("b")
                        .op(Opcode.SETITEM));
        add(
                files,
                "a dict that holds itself and a tensor",
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.BINPUT, 0)
                        .text("a")
                        .op(Opcode.BINGET, 0)
                        .op(Opcode.SETITEM)
                        .text("b")
                        .op(Opcode.BINGET, 0)
                        .op(Opcode.SETITEM)
                        .weight("w"));
    }

    private static void brokenPickles(Map<String, byte[]> files) {
        add(
                files,
                "a text of 2 GiB",
                Pickle.protocol(2).op(Opcode.BINUNICODE).u32(0x7fffffffL).raw(new byte[9]));
        add(
                files,
                "a text of 2^63 bytes",
                Pickle.protocol(4).op(Opcode.BINUNICODE8).u64(Long.MAX_VALUE).raw(new byte[9]));
        add(
                files,
                "a text of a negative length",
                Pickle.protocol(4).op(Opcode.BINUNICODE8).u64(-1).raw(new byte[9]));
        add(files, "bytes of 2 GiB", Pickle.protocol(3).op(Opcode.BINBYTES).u32(0x7fffffffL));
        add(files, "bytes of 4 GiB", Pickle.protocol(3).op(Opcode.BINBYTES).u32(0xffffffffL));
        add(files, "bytes of 2^63", Pickle.protocol(4).op(Opcode.BINBYTES8).u64(Long.MAX_VALUE));
        add(files, "a bytearray of 2^63", Pickle.protocol(5).op(Opcode.BYTEARRAY8).u64(-1));
        add(files, "an integer of 2 GiB", Pickle.protocol(2).op(Opcode.LONG4).u32(0x7fffffffL));
        add(files, "an integer of -1 bytes", Pickle.protocol(2).op(Opcode.LONG4).u32(-1));
        add(files, "a frame of 2^63 bytes", Pickle.protocol(4).op(Opcode.FRAME).u64(-1));
        add(
                files,
                "a number as long as a novel",
                Pickle.protocol(0).lines(Opcode.LONG, "9".repeat(1 << 19) + "L"));
        add(
                files,
                "a line without end",
                Pickle.protocol(0).op(Opcode.STRING).raw(new byte[2 << 20]));
        add(files, "a buffer outside the file", Pickle.protocol(5).op(Opcode.NEXT_BUFFER));
        add(files, "protocol 200", Pickle.protocol(200).op(Opcode.NONE));
        add(files, "an opcode that is none", Pickle.bare().raw(new byte[] {(byte) 0xff}));
        add(files, "an empty stack", Pickle.protocol(2));
        add(files, "a tuple of too little", Pickle.protocol(2).op(Opcode.NONE).op(Opcode.TUPLE2));
        add(files, "no mark", Pickle.protocol(2).op(Opcode.NONE).op(Opcode.TUPLE));
        add(
                files,
                "a key without a value",
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.MARK)
                        .text("a")
                        .op(Opcode.SETITEMS));
        add(files, "appends to a text", Pickle.protocol(2).text("a").text("b").op(Opcode.APPEND));
        add(
                files,
                "sets items of a number",
                Pickle.protocol(2).integer(1).text("a").text("b").op(Opcode.SETITEM));
        add(files, "builds a text", Pickle.protocol(2).text("a").op(Opcode.NONE).op(Opcode.BUILD));
        add(
                files,
                "text that is not UTF-8",
                Pickle.protocol(2).op(Opcode.SHORT_BINUNICODE, 2, 0xff, 0xfe));
        files.put("an empty pickle", TestZip.checkpoint(new byte[0]));
        files.put(
                "a pickle without an end",
                TestZip.checkpoint(Pickle.protocol(2).op(Opcode.NONE).bytes()));
        byte[] honest = Pickle.protocol(2).op(Opcode.EMPTY_DICT).weight("a.b").stop();
        byte[] second = Pickle.protocol(2).call("os", "system", "echo").stop();
        files.put(
                "two pickles in one stream", TestZip.checkpoint(HostileFiles.join(honest, second)));
    }
}
