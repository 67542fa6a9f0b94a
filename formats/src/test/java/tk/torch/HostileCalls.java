package tk.torch;

import java.util.Arrays;
import java.util.Map;

/** Pickles that call what they should not, or what they may with the wrong arguments. */
final class HostileCalls {
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

    private HostileCalls() {}

    /** Adds them, by a name that says what each tries. */
    static void addTo(Map<String, byte[]> files) {
        for (String[] g : GLOBALS) {
            String[] arguments = Arrays.copyOfRange(g, 2, g.length);
            add(
                    files,
                    "calls " + g[0] + "." + g[1],
                    Pickle.protocol(2).call(g[0], g[1], arguments));
        }
        waysToCall(files);
        lookAlikes(files);
        wrongArguments(files);
    }

    private static void add(Map<String, byte[]> files, String name, Pickle pickle) {
        HostileFiles.add(files, name, pickle);
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
}
