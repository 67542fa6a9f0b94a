package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.torch.NumpyValue.NumpyArray;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Tuple;
import tk.torch.TorchValue.ExoticTensor;
import tk.torch.TorchValue.TensorView;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What was saved, as a tree of dicts, lists and tuples with tensors at its leaves. Everything
 * without a tensor below it is invisible.
 *
 * <p>What a pickle describes need not be a tree: containers may be shared, or hold themselves.
 * Every walk here is bounded, and refuses what no state dict is.
 */
final class SavedObject {
    private static final int DEEPEST = 64;
    private static final int LONGEST_NAME = 4 << 10;
    private static final int MOST_STEPS = 1 << 22;
    private static final int MOST_TENSORS = 1 << 17;
    private static final long MOST_NAME_CHARACTERS = 1L << 24;

    private final String file;
    private final PyValue root;
    private final IdentityHashMap<PyValue, Boolean> holdsTensors = new IdentityHashMap<>();
    private int steps;

    /**
     * A tree.
     *
     * @param file its file's name, for messages
     */
    SavedObject(String file, PyValue root) {
        this.file = file;
        this.root = root;
    }

    /**
     * A place in the tree.
     *
     * @param path keys and indices from the root, joined by dots
     * @param key the last of them
     */
    record Node(@Nullable Node parent, String path, String key, PyValue value) {
        boolean isTensor() {
            return SavedObject.isTensor(value);
        }

        boolean isRoot() {
            return parent == null;
        }

        /** How {@code --key} names it. */
        String shown() {
            return path.isEmpty() ? "." : Spelling.visible(path);
        }
    }

    String file() {
        return file;
    }

    Node root() {
        return new Node(null, "", "", root);
    }

    /** Whether a leaf is a tensor, or an array that can be one. */
    static boolean isTensor(PyValue value) {
        return switch (value) {
            case TensorView _, ExoticTensor _ -> true;
            case NumpyArray array -> NumpyTensor.isNumeric(array);
            default -> false;
        };
    }

    /** Whether a tensor lies somewhere below. */
    boolean holdsTensors(Node node) {
        return holdsTensors(node.value, 0);
    }

    /** Each container is looked through once, whatever holds it. */
    private boolean holdsTensors(PyValue value, int depth) {
        if (isTensor(value)) return true;
        if (depth > DEEPEST) return false;
        @Nullable Boolean known = holdsTensors.get(value);
        if (known != null) return known;
        holdsTensors.put(value, false); // while it is being looked through, for those in themselves
        boolean found =
                switch (value) {
                    case Dict dict -> anyHolds(dict.entries().values(), depth);
                    case Items list -> anyHolds(list.items(), depth);
                    case Tuple tuple -> anyHolds(tuple.items(), depth);
                    default -> false;
                };
        holdsTensors.put(value, found);
        return found;
    }

    private boolean anyHolds(Iterable<PyValue> values, int depth) {
        for (PyValue value : values) {
            if (holdsTensors(value, depth + 1)) return true;
        }
        return false;
    }

    /** The children that are tensors or hold some, in order. */
    List<Node> children(Node node) {
        List<Node> children = new ArrayList<>();
        switch (node.value) {
            case Dict dict ->
                    dict.entries().forEach((key, value) -> add(node, name(key), value, children));
            case Items list -> addAll(node, list.items(), children);
            case Tuple tuple -> addAll(node, tuple.items(), children);
            default -> {}
        }
        return children;
    }

    private void addAll(Node parent, List<PyValue> items, List<Node> into) {
        for (int i = 0; i < items.size(); i++) {
            add(parent, Integer.toString(i), items.get(i), into);
        }
    }

    private void add(Node parent, @Nullable String key, PyValue value, List<Node> into) {
        if (key == null || !holdsTensors(value, 0)) return;
        if (parent.path.length() + key.length() > LONGEST_NAME) {
            throw new MalformedException(
                    "%s: a tensor's name has %d characters, expected at most %d"
                            .formatted(file, parent.path.length() + key.length(), LONGEST_NAME));
        }
        if (++steps > MOST_STEPS) {
            throw new MalformedException(file + ": dicts within one another without end");
        }
        String path = parent.path.isEmpty() ? key : parent.path + "." + key;
        into.add(new Node(parent, path, key, value));
    }

    private static @Nullable String name(PyValue key) {
        return switch (key) {
            case Text text -> text.value();
            case Int number -> Long.toString(number.value());
            default -> null;
        };
    }

    /**
     * All tensors below a place, by their paths from it.
     *
     * @param skip children to leave out, with all that is below them
     */
    SequencedMap<String, PyValue> tensors(Node from, Predicate<Node> skip) {
        SequencedMap<String, PyValue> tensors = new LinkedHashMap<>();
        Set<PyValue> within = Collections.newSetFromMap(new IdentityHashMap<>());
        collect(new Node(null, "", "", from.value), skip, 0, tensors, within, new long[1]);
        return tensors;
    }

    private void collect(
            Node node,
            Predicate<Node> skip,
            int depth,
            SequencedMap<String, PyValue> into,
            Set<PyValue> within,
            long[] characters) {
        if (node.isTensor()) {
            String name = node.path.isEmpty() ? "tensor" : node.path;
            characters[0] += name.length();
            if (into.size() >= MOST_TENSORS || characters[0] > MOST_NAME_CHARACTERS) {
                throw new MalformedException(
                        "%s: more than %d tensors, or %d characters of names"
                                .formatted(file, MOST_TENSORS, MOST_NAME_CHARACTERS));
            }
            if (into.putLast(name, node.value) != null) {
                throw new MalformedException(
                        "%s: two tensors are named `%s`".formatted(file, Spelling.visible(name)));
            }
            return;
        }
        if (depth > DEEPEST || !holdsTensors(node.value, depth)) return;
        if (!within.add(node.value)) {
            throw new MalformedException("%s: `%s` holds itself".formatted(file, node.shown()));
        }
        for (Node child : children(node)) {
            if (!skip.test(child)) collect(child, skip, depth + 1, into, within, characters);
        }
        within.remove(node.value);
    }
}
