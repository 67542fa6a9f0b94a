package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.torch.PyValue.Dict;
import tk.torch.SavedObject.Node;
import tk.torch.TorchValue.TensorView;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Finds the model's state dict in whatever a training loop saved.
 *
 * <p>A dict is a state dict where tensors lie directly in it under dotted names ({@code
 * layers.0.weight}), or under any names where its own key says so ({@code state_dict}, {@code
 * model}). Optimizers, schedulers and random states are passed over, known by their keys and by
 * {@code param_groups}. Where a model is cut into several dicts below one key, that key is taken.
 * Where nothing looks like a state dict, whatever tensors the file has are, nested keys joined by
 * dots. Where two dicts fit, the user must say which.
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

    private final SavedObject saved;

    /** A search through {@code saved}. */
    StateDictSearch(SavedObject saved) {
        this.saved = saved;
    }

    /**
     * The state dict at {@code key}, or the only one that fits where {@code key} is null.
     *
     * @param key keys and indices joined by dots; {@code .} is the root
     */
    StateDict find(@Nullable String key) {
        SequencedMap<String, PyValue> tensors;
        Node chosen;
        if (key == null) {
            chosen = choose();
            tensors = saved.tensors(chosen, StateDictSearch::isNotWeights);
        } else {
            chosen = at(key);
            tensors = saved.tensors(chosen, child -> false);
        }
        if (tensors.isEmpty()) {
            throw noModel(chosen.value().type());
        }
        return NamePrefix.strip(tensors, chosen.path());
    }

    private Node choose() {
        List<Node> fitting = new ArrayList<>();
        Set<PyValue> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        collect(saved.root(), 0, fitting, seen);
        if (fitting.isEmpty()) {
            if (isOptimizer(saved.root())) throw noModel("an optimizer's state");
            return descend();
        }
        if (fitting.size() == 1) return withSiblings(fitting.getFirst());
        Node common = commonAncestor(fitting);
        boolean parts = fitting.stream().noneMatch(node -> isWrapper(node.key()));
        if (parts && !common.isRoot()) return common;
        throw ambiguous(fitting);
    }

    private void collect(Node node, int depth, List<Node> into, Set<PyValue> seen) {
        if (depth > DEEPEST || node.isTensor() || !seen.add(node.value())) return;
        List<Node> children = saved.children(node);
        if (isStateDict(node, children)) {
            into.add(node);
            return;
        }
        for (Node child : children) {
            if (!isNotWeights(child)) collect(child, depth + 1, into, seen);
        }
    }

    private static boolean isStateDict(Node node, List<Node> children) {
        if (!(node.value() instanceof Dict)) return false;
        boolean wrapped = isWrapper(node.key());
        return children.stream()
                .anyMatch(c -> c.isTensor() && (wrapped || c.key().indexOf('.') > 0));
    }

    private static boolean isWrapper(String key) {
        return WRAPPERS.contains(key.toLowerCase(Locale.ROOT));
    }

    /** Whether a child is of no interest to a model, whatever tensors it holds. */
    private static boolean isNotWeights(Node child) {
        String key = child.key().toLowerCase(Locale.ROOT);
        if (child.isTensor()) return key.endsWith("rng_state");
        return isOptimizer(child) || NOT_WEIGHTS.stream().anyMatch(key::contains);
    }

    private static boolean isOptimizer(Node node) {
        return node.value() instanceof Dict dict && dict.has("param_groups");
    }

    private MalformedException noModel(String found) {
        return new MalformedException(
                "%s: holds %s without any tensor of a model".formatted(saved.file(), found),
                "Give tk the file that holds the model's weights.");
    }

    /**
     * A model may keep some matrices beside the dict with dotted names, below a key of its own:
     * then that key holds the model.
     */
    private Node withSiblings(Node fitting) {
        Node chosen = fitting;
        for (@Nullable Node above = fitting.parent();
                above != null && !above.isRoot();
                above = above.parent()) {
            PyValue inner = chosen.value();
            boolean siblings =
                    saved
                            .tensors(above, child -> child.value() == inner || isNotWeights(child))
                            .values()
                            .stream()
                            .anyMatch(t -> t instanceof TensorView view && view.size().length > 1);
            if (siblings) chosen = above;
        }
        return chosen;
    }

    private Node commonAncestor(List<Node> nodes) {
        @Nullable Node common = nodes.getFirst().parent();
        while (common != null) {
            Node candidate = common;
            if (nodes.stream().allMatch(node -> isBelow(node, candidate))) return candidate;
            common = common.parent();
        }
        return saved.root();
    }

    private static boolean isBelow(Node node, Node ancestor) {
        for (@Nullable Node n = node.parent(); n != null; n = n.parent()) {
            if (n.value() == ancestor.value()) return true;
        }
        return false;
    }

    /** Through dicts with a single part that holds tensors, to where names begin to differ. */
    private Node descend() {
        Node node = saved.root();
        for (int depth = 0; depth < DEEPEST; depth++) {
            List<Node> parts =
                    saved.children(node).stream().filter(child -> !isNotWeights(child)).toList();
            if (parts.size() != 1 || parts.getFirst().isTensor()) return node;
            node = parts.getFirst();
        }
        return node;
    }

    private UsageException ambiguous(List<Node> fitting) {
        List<String> choices = new ArrayList<>();
        for (Node node : fitting.subList(0, Math.min(8, fitting.size()))) {
            int count = saved.tensors(node, StateDictSearch::isNotWeights).size();
            choices.add("--key %s (%d tensors)".formatted(node.shown(), count));
        }
        return new UsageException(
                "%s: holds %d state dicts: %s"
                        .formatted(saved.file(), fitting.size(), String.join(", ", choices)),
                "Say which one with --key.");
    }

    private Node at(String key) {
        @Nullable Node found = at(saved.root(), key.equals(".") ? "" : key);
        if (found == null) throw noSuchKey(key);
        return found;
    }

    /** Keys may hold dots themselves, so every way to split the path is tried, long keys first. */
    private @Nullable Node at(Node node, String path) {
        if (path.isEmpty()) return node;
        List<Node> matching = new ArrayList<>();
        for (Node child : saved.children(node)) {
            String key = child.key();
            if (path.equals(key) || (!key.isEmpty() && path.startsWith(key + "."))) {
                matching.add(child);
            }
        }
        matching.sort(Comparator.comparingInt((Node child) -> child.key().length()).reversed());
        for (Node child : matching) {
            int taken = child.key().length();
            @Nullable Node found =
                    at(child, path.length() == taken ? "" : path.substring(taken + 1));
            if (found != null) return found;
        }
        return null;
    }

    private UsageException noSuchKey(String key) {
        List<String> there =
                saved.children(saved.root()).stream()
                        .map(child -> "`" + child.shown() + "`")
                        .limit(8)
                        .toList();
        return new UsageException(
                "%s: has no tensors at --key %s".formatted(saved.file(), key),
                there.isEmpty()
                        ? "The file holds no tensors."
                        : "It has some at " + String.join(", ", there) + ".");
    }
}
