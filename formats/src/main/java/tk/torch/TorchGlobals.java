package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.UnsafeException;
import tk.torch.NumpyValue.NumpyArray;
import tk.torch.NumpyValue.NumpyType;
import tk.torch.PyValue.Bytes;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Global;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The closed list of what a checkpoint's pickle may name, and what tk makes of each: data. Whatever
 * is not on the list is refused where it is named, before anything could call it.
 */
final class TorchGlobals implements PickleCalls {
    /** What may be called, by {@code module name}. */
    private static final Map<String, Function<Arguments, PyValue>> CALLABLE = new HashMap<>();

    /** What may be named as a value, but not called. */
    private static final Set<String> NAMED =
            Set.of(
                    "numpy ndarray",
                    "torch Tensor",
                    "torch.storage TypedStorage",
                    "torch strided",
                    "torch sparse_coo",
                    "torch sparse_csr",
                    "torch per_tensor_affine",
                    "torch per_channel_affine",
                    "torch per_tensor_symmetric",
                    "torch per_channel_symmetric",
                    "torch per_channel_affine_float_qparams");

    private static final Set<String> MEMORY_FORMATS =
            Set.of("contiguous_format", "channels_last", "channels_last_3d", "preserve_format");

    /** Python's own types, as a defaultdict's factory for example; Python 2's names of them too. */
    private static final Set<String> BUILTIN_TYPES =
            Set.of(
                    "list", "dict", "tuple", "int", "long", "float", "str", "unicode", "bool",
                    "bytes", "object");

    /**
     * How the classes of a model's settings are called, wherever they were defined: {@code
     * __main__.ModelArgs}, {@code model.GPTConfig}. What a pickle makes of one without arguments is
     * data: its attributes.
     */
    private static final List<String> SETTINGS = List.of("Config", "Args", "HParams", "Params");

    static {
        TensorRebuild.UTILS.forEach((name, make) -> CALLABLE.put("torch._utils " + name, make));
        CALLABLE.put("torch._tensor _rebuild_from_type_v2", TensorRebuild::fromType);
        CALLABLE.put("torch.nn.parameter Parameter", TensorRebuild::parameter);
        CALLABLE.put("torch Size", TorchGlobals::size);
        CALLABLE.put("torch device", things("torch.device"));
        CALLABLE.put("torch.serialization _get_layout", things("torch.layout"));
        CALLABLE.put("collections OrderedDict", TorchGlobals::dict);
        CALLABLE.put("collections defaultdict", TorchGlobals::defaultDict);
        CALLABLE.put("collections Counter", TorchGlobals::dict);
        CALLABLE.put("collections deque", things("deque"));
        CALLABLE.put("argparse Namespace", things("argparse.Namespace"));
        CALLABLE.put("types SimpleNamespace", things("types.SimpleNamespace"));
        CALLABLE.put("_codecs encode", NumpyRebuild::encode);
        CALLABLE.put("numpy dtype", NumpyRebuild::dtype);
        for (String core : List.of("numpy.core", "numpy._core")) {
            NumpyRebuild.MULTIARRAY.forEach(
                    (name, make) -> CALLABLE.put(core + ".multiarray " + name, make));
            CALLABLE.put(core + ".numeric _frombuffer", NumpyRebuild::fromBuffer);
        }
        for (String builtins : List.of("__builtin__", "builtins")) {
            CALLABLE.put(builtins + " bytearray", TorchGlobals::byteArray);
            CALLABLE.put(builtins + " bytes", TorchGlobals::byteArray);
            // Python 2's name for a range, and so that of protocol 2.
            CALLABLE.put(builtins + " xrange", things("range"));
            for (String name : List.of("set", "frozenset", "complex", "slice", "range")) {
                CALLABLE.put(builtins + " " + name, things(name));
            }
        }
        for (String module : List.of("pathlib", "pathlib._local")) {
            for (String name :
                    List.of("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"))
                CALLABLE.put(module + " " + name, things("pathlib." + name));
        }
        for (String name : List.of("datetime", "date", "time", "timedelta", "timezone")) {
            CALLABLE.put("datetime " + name, things("datetime." + name));
        }
    }

    private final Function<Request, PyValue> storages;

    /** A persistent id, and where it stands. */
    record Request(PyValue id, PicklePlace at) {}

    /**
     * The list, with a container's way to find storages.
     *
     * @param storages what a persistent id stands for
     */
    TorchGlobals(Function<Request, PyValue> storages) {
        this.storages = storages;
    }

    /** Whether a checkpoint may name this. */
    static boolean allows(String module, String name) {
        String spelled = module + " " + name;
        return CALLABLE.containsKey(spelled)
                || NAMED.contains(spelled)
                || isMemoryFormat(module, name)
                || isBuiltinType(module, name)
                || isTorchType(module, name)
                || NumpyRebuild.isMlType(module, name)
                || DistributedTensor.isType(module, name)
                || DistributedTensor.isDescription(module, name)
                || isSettings(name);
    }

    private static boolean isSettings(String name) {
        return SETTINGS.stream().anyMatch(name::endsWith);
    }

    /**
     * A pickler names a memory format by any module of torch's through which it can be reached:
     * {@code torch._utils}, {@code torch.channels_last}.
     */
    private static boolean isMemoryFormat(String module, String name) {
        return (module.equals("torch") || module.startsWith("torch."))
                && MEMORY_FORMATS.contains(
                        name.startsWith("torch.") ? name.substring("torch.".length()) : name);
    }

    private static boolean isBuiltinType(String module, String name) {
        return (module.equals("__builtin__") || module.equals("builtins"))
                && BUILTIN_TYPES.contains(name);
    }

    private static boolean isTorchType(String module, String name) {
        return switch (module) {
            case "torch" ->
                    TorchType.ofName(name).isPresent()
                            || TorchType.ofStorageClass(name).isPresent()
                            || TorchType.ofTensorClass(name).isPresent();
            case "torch.cuda" ->
                    TorchType.ofStorageClass(name).isPresent()
                            || TorchType.ofTensorClass(name).isPresent();
            case "torch.storage" -> name.equals("UntypedStorage") || name.equals("_UntypedStorage");
            default -> false;
        };
    }

    /** The element type of a storage class, or null where it is none. */
    static @Nullable TorchType storageType(PyValue value) {
        if (!(value instanceof Global global)) return null;
        String name = global.name().equals("_UntypedStorage") ? "UntypedStorage" : global.name();
        return TorchType.ofStorageClass(name).orElse(null);
    }

    @Override
    public PyValue global(Global global, PicklePlace at) {
        if (allows(global.module(), global.name())) return global;
        throw refusal(global, at);
    }

    @Override
    public PyValue call(PyValue callable, Tuple arguments, PicklePlace at) {
        if (!(callable instanceof Global global)) {
            throw at.unsafe("calls " + callable.type(), null);
        }
        @Nullable Function<Arguments, PyValue> make =
                CALLABLE.get(global.module() + " " + global.name());
        if (make == null && DistributedTensor.isDescription(global.module(), global.name())) {
            make = things(global.spelled());
        }
        if (make == null && isSettings(global.name()) && arguments.items().isEmpty()) {
            make = things(global.spelled());
        }
        if (make == null) throw at.unsafe("calls `%s`".formatted(global.spelled()), null);
        return make.apply(new Arguments(global.spelled(), arguments, at));
    }

    @Override
    public void build(PyValue object, PyValue state, PicklePlace at) {
        switch (object) {
            // A state dict's `_metadata` and other attributes: of no meaning to its tensors.
            case Dict _ -> {}
            case Thing thing -> {
                if (state instanceof Dict attributes) thing.attributes(attributes);
            }
            case NumpyType type -> NumpyRebuild.build(type, state, at);
            case NumpyArray array -> NumpyRebuild.build(array, state, at);
            default -> throw at.unsafe("sets the state of " + object.type(), null);
        }
    }

    @Override
    public PyValue persistent(PyValue id, PicklePlace at) {
        return storages.apply(new Request(id, at));
    }

    private static UnsafeException refusal(Global global, PicklePlace at) {
        return at.unsafe(
                "asks for `%s`, which makes no tensor; nothing was executed"
                        .formatted(global.spelled()),
                "`tk inspect` lists all it would call. Where you trust the file, load it with torch"
                        + " and save its state dict alone.");
    }

    // ---- what the calls make ----

    private static Function<Arguments, PyValue> things(String name) {
        return a -> new Thing(name);
    }

    private static PyValue size(Arguments a) {
        a.between(1, 1);
        return new Tuple(a.tuple(0).items());
    }

    /**
     * {@code OrderedDict()}, {@code Counter(dict)}, or as Python 2 pickled it: {@code
     * OrderedDict([[key, value], …])}.
     */
    private static PyValue dict(Arguments a) {
        a.between(0, 1);
        a.at().charge(80);
        if (a.count() == 1 && a.any(0) instanceof Dict other) return other;
        Dict dict = new Dict();
        if (a.count() == 1) {
            if (!(a.any(0) instanceof Items pairs)) throw a.wrong(0, "a list of pairs");
            a.at().charge(64L * pairs.items().size());
            for (PyValue pair : pairs.items()) putPair(dict, pair, a);
        }
        return dict;
    }

    private static void putPair(Dict dict, PyValue pair, Arguments a) {
        List<PyValue> items =
                switch (pair) {
                    case Tuple tuple -> tuple.items();
                    case Items list -> list.items();
                    default -> List.of();
                };
        if (items.size() != 2) throw a.wrong(0, "a list of pairs");
        dict.put(items.get(0), items.get(1));
    }

    /** {@code defaultdict([factory])}; the factory is never called. */
    private static PyValue defaultDict(Arguments a) {
        a.between(0, 1);
        a.at().charge(80);
        return new Dict();
    }

    private static PyValue byteArray(Arguments a) {
        a.between(0, 2);
        if (a.count() == 0) return new Bytes(new byte[0]);
        return a.any(0) instanceof Text ? NumpyRebuild.encode(a) : a.bytes(0);
    }
}
