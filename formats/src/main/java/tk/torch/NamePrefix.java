package tk.torch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;

/**
 * Takes off tensor names what wrapping a model put there.
 *
 * <p>{@code torch.compile}, FSDP and activation checkpointing add a part wherever they wrapped
 * ({@code layers.0._orig_mod.weight}); {@code DistributedDataParallel} puts {@code module.} before
 * everything.
 */
final class NamePrefix {
    private static final Set<String> WRAPPING =
            Set.of(
                    "_orig_mod",
                    "_fsdp_wrapped_module",
                    "_fpw_module",
                    "_checkpoint_wrapped_module",
                    "_forward_module");

    private static final String MODULE = "module.";

    private NamePrefix() {}

    /** The state dict without such parts, unless two names would become one. */
    static StateDict strip(SequencedMap<String, PyValue> tensors, String key) {
        SequencedMap<String, PyValue> names = tensors;
        StringBuilder prefix = new StringBuilder();
        while (true) {
            Set<String> dropped = new TreeSet<>();
            SequencedMap<String, PyValue> shorter = new LinkedHashMap<>();
            boolean all = names.keySet().stream().allMatch(name -> name.startsWith(MODULE));
            for (var entry : names.entrySet()) {
                String name = entry.getKey();
                String stripped = all ? name.substring(MODULE.length()) : unwrap(name, dropped);
                shorter.putIfAbsent(stripped, entry.getValue());
            }
            boolean changed = all || !dropped.isEmpty();
            if (!changed || shorter.size() < names.size() || shorter.containsKey("")) {
                return new StateDict(names, key, prefix.toString());
            }
            prefix.append(all ? MODULE : String.join("", dropped));
            names = shorter;
        }
    }

    private static String unwrap(String name, Set<String> dropped) {
        if (name.indexOf('_') < 0) return name;
        List<String> kept = new ArrayList<>();
        for (String part : name.split("\\.", -1)) {
            if (WRAPPING.contains(part)) dropped.add(part + ".");
            else kept.add(part);
        }
        return String.join(".", kept);
    }
}
