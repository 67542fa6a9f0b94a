package tk.torch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Files made to harm whoever loads them. None does anything when it is merely interpreted. */
final class HostileFiles {
    private static final String[][] GLOBALS = {
        {"os", "system", "echo pwned"},
        {"posix", "system", "echo pwned"},
        {"nt", "system", "echo pwned"},
        {"subprocess", "Popen", "echo"},
        {"builtins", "eval", "1"},
        {"builtins", "exec", "1"},
        {"__builtin__", "eval", "1"},
        {"__builtin__", "execfile", "x"},
        {"builtins", "getattr", "x", "y"},
        {"builtins", "__import__", "os"},
        {"builtins", "open", "/etc/passwd"},
        {"runpy", "_run_code", "1"},
        {"runpy", "run_path", "x.py"},
        {"importlib", "import_module", "os"},
        {"operator", "attrgetter", "system"},
        {"operator", "methodcaller", "system"},
        {"functools", "partial", "x"},
        {"torch", "load", "x.pt"},
        {"torch.storage", "_load_from_bytes", "x"},
        {"torch.hub", "load", "x"},
        {"torch.jit", "load", "x"},
        {"torch._dynamo.guards", "GuardBuilder.get", "x"},
        {"pty", "spawn", "sh"},
        {"socket", "create_connection", "x"},
        {"shutil", "rmtree", "x"},
        {"ctypes", "CDLL", "x"},
        {"webbrowser", "open", "x"},
        {"pip", "main", "install"},
        {"code", "interact", "x"},
        {"timeit", "timeit", "1"},
        {"numpy.testing._private.utils", "runstring", "1"},
        {"numpy", "load", "x"},
        {"pickle", "loads", "x"},
        {"_pickle", "loads", "x"},
        {"copyreg", "_reconstructor", "x"},
        {"types", "FunctionType", "x"},
        {"collections", "OrderedDict.__init__", "x"},
        {"torch", "Size.__class__", "x"},
        {"transformers.training_args", "TrainingArguments", "x"},
    };

    private HostileFiles() {}

    /** All of them, by a name that says what each tries. */
    static Map<String, byte[]> all() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String[] g : GLOBALS) {
            String[] arguments = Arrays.copyOfRange(g, 2, g.length);
            byte[] pickle = Pickle.protocol(2).call(g[0], g[1], arguments).stop();
            files.put("calls " + g[0] + "." + g[1], TestZip.checkpoint(pickle));
        }
        waysToCall(files);
        lookAlikes(files);
        wrongArguments(files);
        bombs(files);
        brokenPickles(files);
        archives(files);
        otherForms(files);
        return files;
    }

    private static void add(Map<String, byte[]> files, String name, Pickle pickle) {
        files.put(name, TestZip.checkpoint(pickle.stop()));
    }

    private static void waysToCall(Map<String, byte[]> files) {
        add(
                files,
                "beside honest tensors",
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_DICT)
                        .weight("a.weight")
                        .text("b.weight")
                        .call("os", "system", "echo pwned")
                        .op(Opcode.SETITEM));
        add(
                files,
                "called and thrown away",
                Pickle.protocol(2)
                        .call("os", "system", "echo pwned")
                        .op(Opcode.POP)
                        .op(Opcode.EMPTY_DICT)
                        .weight("a.weight"));
        add(
                files,
                "STACK_GLOBAL",
                Pickle.protocol(4)
                        .text("os")
                        .text("system")
                        .op(Opcode.STACK_GLOBAL)
                        .text("echo")
                        .op(Opcode.TUPLE1)
                        .op(Opcode.REDUCE));
        add(
                files,
                "STACK_GLOBAL with names from the memo",
                Pickle.protocol(4)
                        .text("system")
                        .op(Opcode.MEMOIZE)
                        .op(Opcode.POP)
                        .text("os")
                        .op(Opcode.BINGET, 0)
                        .op(Opcode.STACK_GLOBAL)
                        .text("echo")
                        .op(Opcode.TUPLE1)
                        .op(Opcode.REDUCE));
        add(
                files,
                "STACK_GLOBAL with a computed name",
                Pickle.protocol(4)
                        .text("os")
                        .call("_codecs", "encode", "system", "latin1")
                        .op(Opcode.STACK_GLOBAL));
        add(
                files,
                "STACK_GLOBAL with a number for a name",
                Pickle.protocol(4).text("os").integer(7).op(Opcode.STACK_GLOBAL));
        add(
                files,
                "escaped names",
                Pickle.protocol(0)
                        .lines(Opcode.UNICODE, "\\u006f\\u0073")
                        .lines(Opcode.STRING, "'sys\\x74em'")
                        .op(Opcode.STACK_GLOBAL));
        add(
                files,
                "INST",
                Pickle.protocol(0)
                        .op(Opcode.MARK)
                        .lines(Opcode.STRING, "'echo'")
                        .lines(Opcode.INST, "os", "system"));
        add(
                files,
                "OBJ",
                Pickle.protocol(1)
                        .op(Opcode.MARK)
                        .global("os", "system")
                        .text("echo")
                        .op(Opcode.OBJ));
        add(
                files,
                "NEWOBJ",
                Pickle.protocol(2)
                        .global("subprocess", "Popen")
                        .text("echo")
                        .op(Opcode.TUPLE1)
                        .op(Opcode.NEWOBJ));
        add(
                files,
                "NEWOBJ_EX",
                Pickle.protocol(4)
                        .global("subprocess", "Popen")
                        .op(Opcode.EMPTY_TUPLE)
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.NEWOBJ_EX));
        add(files, "EXT1", Pickle.protocol(2).op(Opcode.EXT1, 1));
        add(files, "EXT4", Pickle.protocol(2).op(Opcode.EXT4, 1, 0, 0, 0));
        add(
                files,
                "calls what a call returned",
                Pickle.protocol(2)
                        .call("collections", "OrderedDict")
                        .op(Opcode.EMPTY_TUPLE)
                        .op(Opcode.REDUCE));
        add(
                files,
                "calls a dtype",
                Pickle.protocol(2)
                        .global("torch", "float32")
                        .op(Opcode.EMPTY_TUPLE)
                        .op(Opcode.REDUCE));
        add(
                files,
                "calls a type that may only be named",
                Pickle.protocol(2).call("builtins", "list", "x"));
        add(
                files,
                "a tensor whose hooks call",
                Pickle.protocol(2)
                        .global("torch._utils", "_rebuild_tensor_v2")
                        .op(Opcode.MARK)
                        .storage("FloatStorage", "0", 4)
                        .integer(0)
                        .integers(4)
                        .integers(1)
                        .op(Opcode.NEWFALSE)
                        .call("os", "system", "echo")
                        .op(Opcode.TUPLE)
                        .op(Opcode.REDUCE));
        add(
                files,
                "a subclass that calls",
                Pickle.protocol(2)
                        .global("torch._tensor", "_rebuild_from_type_v2")
                        .op(Opcode.MARK)
                        .global("collections", "OrderedDict")
                        .global("torch", "Tensor")
                        .op(Opcode.EMPTY_TUPLE)
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.TUPLE)
                        .op(Opcode.REDUCE));
        add(
                files,
                "a defaultdict with a hostile factory",
                Pickle.protocol(2)
                        .global("collections", "defaultdict")
                        .global("os", "getcwd")
                        .op(Opcode.TUPLE1)
                        .op(Opcode.REDUCE));
        add(
                files,
                "a persistent id of a module's source",
                Pickle.protocol(2)
                        .op(Opcode.MARK)
                        .text("module")
                        .op(Opcode.NONE)
                        .text("x.py")
                        .text("source")
                        .text("code")
                        .op(Opcode.TUPLE)
                        .op(Opcode.BINPERSID));
    }

    private static void lookAlikes(Map<String, byte[]> files) {
        add(files, "a Cyrillic o in os", Pickle.protocol(2).call("\u043es", "system", "echo"));
        add(
                files,
                "a Cyrillic o in torch",
                Pickle.protocol(2).call("t\u043erch._utils", "_rebuild_tensor_v2", "x"));
        add(files, "a full-width name", Pickle.protocol(2).call("collections", "\uff2frderedDict"));
        add(files, "a zero-width space", Pickle.protocol(2).call("torch\u200b", "Size"));
        add(files, "a space after the name", Pickle.protocol(2).call("torch", "Size "));
        add(files, "a dotless i", Pickle.protocol(2).call("torch._ut\u0131ls", "_rebuild_tensor"));
    }

    private static void wrongArguments(Map<String, byte[]> files) {
        for (String name :
                new String[] {
                    "_rebuild_tensor",
                    "_rebuild_tensor_v2",
                    "_rebuild_tensor_v3",
                    "_rebuild_parameter",
                    "_rebuild_qtensor",
                    "_rebuild_sparse_tensor",
                    "_rebuild_meta_tensor_no_storage"
                }) {
            add(files, name + " of texts", Pickle.protocol(2).call("torch._utils", name, "a", "b"));
            add(files, name + " of nothing", Pickle.protocol(2).call("torch._utils", name));
        }
        add(files, "a Size of text", Pickle.protocol(2).call("torch", "Size", "x"));
        add(
                files,
                "a reduce without a tuple",
                Pickle.protocol(2).global("torch", "Size").text("x").op(Opcode.REDUCE));
        int[] four = {4};
        int[] one = {1};
        add(files, "a tensor beyond its storage", Pickle.protocol(2).tensor("0", 4, 1, four, one));
        add(
                files,
                "a storage beyond its file",
                Pickle.protocol(2).tensor("0", 1 << 30, 0, four, one));
        add(files, "a storage without a file", Pickle.protocol(2).tensor("7", 4, 0, four, one));
        add(
                files,
                "a storage outside the archive",
                Pickle.protocol(2).tensor("../../../etc/passwd", 4, 0, four, one));
        add(files, "a negative offset", Pickle.protocol(2).tensor("0", 4, -1, four, one));
        add(files, "a negative size", Pickle.protocol(2).tensor("0", 4, 0, new int[] {-4}, one));
        add(files, "a negative stride", Pickle.protocol(2).tensor("0", 4, 0, four, new int[] {-1}));
        add(
                files,
                "sizes that overflow",
                Pickle.protocol(2)
                        .tensor(
                                "0",
                                4,
                                0,
                                new int[] {1 << 30, 1 << 30, 1 << 30},
                                new int[] {0, 0, 0}));
        add(
                files,
                "strides that overflow",
                Pickle.protocol(2)
                        .tensor(
                                "0",
                                4,
                                0,
                                new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE},
                                new int[] {
                                    Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE
                                }));
        add(
                files,
                "one storage of two types",
                Pickle.protocol(2)
                        .op(Opcode.EMPTY_LIST)
                        .storage("FloatStorage", "0", 4)
                        .op(Opcode.APPEND)
                        .storage("DoubleStorage", "0", 2)
                        .op(Opcode.APPEND));
        add(files, "a storage of a class that is none", Pickle.protocol(2).storage("Size", "0", 4));
        add(
                files,
                "a storage of a negative size",
                Pickle.protocol(2).storage("FloatStorage", "0", -4));
        add(
                files,
                "latin-1 beyond latin-1",
                Pickle.protocol(2).call("_codecs", "encode", "\u20ac", "latin1"));
        add(
                files,
                "another codec",
                Pickle.protocol(2).call("_codecs", "encode", "x", "zlib_codec"));
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
        files.put("two pickles in one stream", TestZip.checkpoint(join(honest, second)));
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) out.writeBytes(part);
        return out.toByteArray();
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
