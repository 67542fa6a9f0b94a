package tk.torch;

import tk.torch.NumpyValue.NumpyArray;
import tk.torch.NumpyValue.NumpyType;
import tk.torch.PyValue.Bytes;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The functions by which numpy's arrays, scalars and dtypes are pickled. Training loops leave them
 * in checkpoints, as the best loss or a random state.
 *
 * <p>Source: numpy's {@code ndarray.__reduce__}, {@code dtype.__reduce__}, the same in numpy 1 and
 * 2 but for the module's name.
 */
final class NumpyRebuild {
    /** By name within {@code numpy.core.multiarray} and {@code numpy._core.multiarray}. */
    static final Map<String, Function<Arguments, PyValue>> MULTIARRAY =
            Map.of("_reconstruct", NumpyRebuild::reconstruct, "scalar", NumpyRebuild::scalar);

    /** Those of ml_dtypes that torch has too, under the same names. */
    static final Set<String> ML_TYPES =
            Set.of(
                    "bfloat16",
                    "float8_e4m3fn",
                    "float8_e5m2",
                    "float8_e4m3fnuz",
                    "float8_e5m2fnuz",
                    "float8_e8m0fnu");

    private NumpyRebuild() {}

    /** Whether it is one of the types that the package ml_dtypes, and so JAX, adds to numpy's. */
    static boolean isMlType(String module, String name) {
        return module.equals("ml_dtypes") && ML_TYPES.contains(name);
    }

    /** {@code numpy.dtype(code, align, copy)}; an added type is its own code. */
    static PyValue dtype(Arguments a) {
        a.between(1, 3);
        boolean added =
                a.any(0) instanceof PyValue.Global type && isMlType(type.module(), type.name());
        return new NumpyType(added ? ((PyValue.Global) a.any(0)).name() : a.text(0));
    }

    /** {@code (ndarray, (0,), b'b')}: an array that BUILD is going to fill. */
    private static PyValue reconstruct(Arguments a) {
        a.between(3, 3);
        if (!(a.any(0) instanceof PyValue.Global type)
                || !type.module().equals("numpy")
                || !type.name().equals("ndarray")) {
            throw a.wrong(0, "numpy.ndarray");
        }
        a.at().charge(64);
        return new NumpyArray();
    }

    /** {@code (dtype, bytes)}: kept without its value, which no model needs. */
    private static PyValue scalar(Arguments a) {
        a.between(1, 2);
        if (!(a.any(0) instanceof NumpyType type)) throw a.wrong(0, "numpy.dtype");
        return new Thing("numpy." + type.code());
    }

    /** {@code (bytes, dtype, shape, order)}: protocol 5's arrays. */
    static PyValue fromBuffer(Arguments a) {
        a.between(4, 5);
        if (!(a.any(1) instanceof NumpyType type)) throw a.wrong(1, "numpy.dtype");
        NumpyArray array = new NumpyArray();
        array.fill(a.integers(2), type, a.text(3).equals("F"), a.bytes(0));
        return array;
    }

    /** {@code _codecs.encode(text, encoding)}: protocol 2's bytes. */
    static PyValue encode(Arguments a) {
        a.between(1, 2);
        if (a.count() == 2 && !a.text(1).startsWith("latin")) {
            throw a.wrong(1, "'latin1'");
        }
        String text = a.text(0);
        a.at().charge(2L * text.length());
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xff) throw a.malformed("a character beyond latin-1");
        }
        return new Bytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** BUILD on a dtype: {@code (version, byte order, …)}. */
    static void build(NumpyType type, PyValue state, PicklePlace at) {
        if (!(state instanceof Tuple tuple)
                || tuple.size() < 2
                || !(tuple.get(1) instanceof Text order)) {
            throw at.malformed("the state of a numpy.dtype is " + state.type());
        }
        type.bigEndian(order.value().equals(">"));
    }

    /** BUILD on an array: {@code (version, shape, dtype, is Fortran order, contents)}. */
    static void build(NumpyArray array, PyValue state, PicklePlace at) {
        if (!(state instanceof Tuple tuple) || tuple.size() != 5) {
            throw at.malformed("the state of a numpy.ndarray is " + state.type());
        }
        Arguments a = new Arguments("numpy.ndarray", tuple, at);
        if (!(a.any(0) instanceof Int)) throw a.wrong(0, "int");
        if (!(a.any(2) instanceof NumpyType type)) {
            throw a.wrong(2, "numpy.dtype");
        }
        if (!(a.any(3) instanceof PyValue.Bool fortran)) {
            throw a.wrong(3, "bool");
        }
        switch (a.any(4)) {
            case Bytes bytes -> array.fill(a.integers(1), type, fortran.value(), bytes);
            case Items _ -> array.fill(a.integers(1), type, fortran.value(), null);
            default -> throw a.wrong(4, "bytes");
        }
    }
}
