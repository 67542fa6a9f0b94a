package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.ExoticTensor;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.NumpyArray;
import tk.torch.PyValue.TensorView;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Tuple;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Finds the model's state dict in whatever a training loop saved.
 *
 * <p>A dict is a state dict where tensors lie directly in it under dotted names ({@code
 * layers.0.weight}), or under any names where its own key says so ({@code state_dict}, {@code
 * model}). Optimizers, schedulers and random states are passed over, known by their keys and by
 * {@code param_groups}. Where nothing looks like that, whatever tensors the file has are taken,
 * nested keys joined by dots. Where two dicts fit, the user must say which.
 */
final class StateDictSearch {
    private static final Set<String> WRAPPERS =
            Set.of(
                    "state_dict",
                    "model_state_dict",
                    "model",
                    "model_state",
                    "module",
                    "net",
                    "network",
                    "weights",
                    "params",
                    "ema",
                    "ema_model",
                    "model_ema",
                    "ema_state_dict",
                    "state_dict_ema",
                    "teacher",
                    "student",
                    "generator",
                    "discriminator");

    private static final List<String> NOT_WEIGHTS =
            List.of("optim", "sched", "scaler", "rng_state", "random_state");

    private static final int DEEPEST = 64;
    private static final int LONGEST_NAME = 4 << 10;
    private static final int MOST_STEPS = 1 << 22;
    private static final int MOST_TENSORS = 1 << 17;
    private static final long MOST_NAME_CHARACTERS = 1L << 24;

    private final String file;
    private final PyValue root;
    private final IdentityHashMap<PyValue, Boolean> holdsTensors = new IdentityHashMap<>();
    private final Set<PyValue> within = Collections.newSetFromMap(new IdentityHashMap<>());
    private int steps;

    /**
     * A search through {@code root}.
     *
     * @param file its name, for messages
     */
    StateDictSearch(String file, PyValue root) {
        this.file = file;
        this.root = root;
    }

    /** A place in the saved object. */
    private record Node(String path, String key, PyValue value) {
        String shown() {
            return path.isEmpty() ? "." : path;
        }
    }

    /**
     * The state dict at {@code key}, or the only one that fits where {@code key} is null.
     *
     * @param key keys and indices joined by dots; {@code .} is the root
     */
    StateDict find(@Nullable String key) {
        Node chosen = key == null ? choose() : at(key);
        SequencedMap<String, PyValue> tensors = new LinkedHashMap<>();
        flatten(chosen.value, "", 0, key == null, tensors, new long[1]);
        if (tensors.isEmpty()) {
            throw new MalformedException(
                    chosen.path.isEmpty()
                            ? "%s: holds %s without any tensor of a model"
                                    .formatted(file, root.type())
                            : "%s: `%s` holds no tensor".formatted(file, chosen.path),
                    "Give tk the file that holds the model's weights.");
        }
        return NamePrefix.strip(tensors, chosen.path);
    }

    // ---- choosing ----

    private Node choose() {
        List<Node> fitting = new ArrayList<>();
        collect(new Node("", "", root), 0, fitting, new IdentityHashMap<>());
        if (fitting.size() == 1) return fitting.getFirst();
        if (fitting.isEmpty()) return descend();
        List<String> choices = new ArrayList<>();
        for (Node node : fitting) {
            SequencedMap<String, PyValue> tensors = new LinkedHashMap<>();
            flatten(node.value, "", 0, true, tensors, new long[1]);
            choices.add("--key %s (%d tensors)".formatted(node.shown(), tensors.size()));
        }
        throw new UsageException(
                "%s: holds %d state dicts: %s"
                        .formatted(file, fitting.size(), String.join(", ", choices)),
                "Say which one with --key.");
    }

    private void collect(
            Node node, int depth, List<Node> into, IdentityHashMap<PyValue, Boolean> seen) {
        if (depth > DEEPEST || !holdsTensors(node.value, depth)) return;
        if (seen.put(node.value, true) != null) return;
        if (node.value instanceof Dict dict && isStateDict(dict, node.key)) {
            into.add(node);
            return;
        }
        for (Node child : children(node)) {
            if (!isNotWeights(child)) collect(child, depth + 1, into, seen);
        }
    }

    private static boolean isStateDict(Dict dict, String key) {
        boolean wrapped = WRAPPERS.contains(key.toLowerCase(Locale.ROOT));
        for (Map.Entry<PyValue, PyValue> entry : dict.entries().entrySet()) {
            if (entry.getKey() instanceof Text name
                    && isTensor(entry.getValue())
                    && (wrapped || name.value().indexOf('.') > 0)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isNotWeights(Node node) {
        if (node.value instanceof Dict dict && dict.has("param_groups")) return true;
        String lower = node.key.toLowerCase(Locale.ROOT);
        return NOT_WEIGHTS.stream().anyMatch(lower::contains);
    }

    /** Through dicts with a single part that holds tensors, to where names begin to differ. */
    private Node descend() {
        Node node = new Node("", "", root);
        for (int depth = 0; depth < DEEPEST; depth++) {
            List<Node> parts = new ArrayList<>();
            boolean direct = false;
            for (Node child : children(node)) {
                if (isTensor(child.value)) direct = true;
                else if (holdsTensors(child.value, depth) && !isNotWeights(child)) parts.add(child);
            }
            if (direct || parts.size() != 1) return node;
            node = parts.getFirst();
        }
        return node;
    }

    // ---- walking ----

    static boolean isTensor(PyValue value) {
        return switch (value) {
            case TensorView _, ExoticTensor _ -> true;
            case NumpyArray array -> NumpyTensor.isNumeric(array);
            default -> false;
        };
    }

    /** Whether a tensor lies somewhere below; each container is looked through once. */
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

    private List<Node> children(Node node) {
        List<Node> children = new ArrayList<>();
        String prefix = node.path.isEmpty() ? "" : node.path + ".";
        switch (node.value) {
            case Dict dict ->
                    dict.entries().forEach((key, value) -> add(prefix, name(key), value, children));
            case Items list -> addAll(prefix, list.items(), children);
            case Tuple tuple -> addAll(prefix, tuple.items(), children);
            default -> {}
        }
        return children;
    }

    private void addAll(String prefix, List<PyValue> items, List<Node> into) {
        for (int i = 0; i < items.size(); i++) {
            add(prefix, Integer.toString(i), items.get(i), into);
        }
    }

    /** Adds a child; only those that hold tensors matter. */
    private void add(String prefix, @Nullable String key, PyValue value, List<Node> into) {
        if (key == null || !holdsTensors(value, 0)) return;
        if (prefix.length() + key.length() > LONGEST_NAME) {
            throw new MalformedException(
                    "%s: a tensor's name has %d characters, expected at most %d"
                            .formatted(file, prefix.length() + key.length(), LONGEST_NAME));
        }
        if (++steps > MOST_STEPS) {
            throw new MalformedException(file + ": dicts and lists within one another without end");
        }
        into.add(new Node(prefix + key, key, value));
    }

    private static @Nullable String name(PyValue key) {
        return switch (key) {
            case Text text -> text.value();
            case Int number -> Long.toString(number.value());
            default -> null;
        };
    }

    private void flatten(
            PyValue value,
            String path,
            int depth,
            boolean weightsOnly,
            SequencedMap<String, PyValue> into,
            long[] characters) {
        if (isTensor(value)) {
            String name = path.isEmpty() ? "tensor" : path;
            characters[0] += name.length();
            if (into.size() >= MOST_TENSORS || characters[0] > MOST_NAME_CHARACTERS) {
                throw new MalformedException(
                        "%s: more than %d tensors, or names beyond reason"
                                .formatted(file, MOST_TENSORS));
            }
            if (into.putLast(name, value) != null) {
                throw new MalformedException(
                        "%s: two tensors are named `%s`".formatted(file, Spelling.visible(name)));
            }
            return;
        }
        if (depth > DEEPEST || !holdsTensors(value, depth)) return;
        if (!within.add(value)) {
            throw new MalformedException(
                    "%s: `%s` holds itself".formatted(file, Spelling.visible(path)));
        }
        for (Node child : children(new Node(path, "", value))) {
            if (weightsOnly && isNotWeights(child)) continue;
            flatten(child.value, child.path, depth + 1, weightsOnly, into, characters);
        }
        within.remove(value);
    }

    // ---- by key ----

    private Node at(String key) {
        Node node = new Node("", "", root);
        String rest = key.equals(".") ? "" : key;
        for (int depth = 0; !rest.isEmpty(); depth++) {
            @Nullable Node next = null;
            int taken = 0;
            for (Node child : children(node)) {
                boolean matches = rest.equals(child.key) || rest.startsWith(child.key + ".");
                if (matches && child.key.length() >= taken) {
                    next = child;
                    taken = child.key.length();
                }
            }
            if (next == null || depth > DEEPEST) throw noSuchKey(key, node);
            node = next;
            rest = rest.length() == taken ? "" : rest.substring(taken + 1);
        }
        return node;
    }

    private UsageException noSuchKey(String key, Node reached) {
        List<String> there =
                children(reached).stream()
                        .map(child -> "`" + Spelling.visible(child.path) + "`")
                        .limit(8)
                        .toList();
        return new UsageException(
                "%s: has nothing at --key %s".formatted(file, key),
                there.isEmpty()
                        ? "It holds no tensors there."
                        : "It has tensors at " + String.join(", ", there) + ".");
    }
}
