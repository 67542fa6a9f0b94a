package tk.convert.lora;

import java.util.List;

/** Which modules a key of the configuration means. */
public sealed interface ModuleSelection {
    /** Whether the module at this path is meant, such as {@code model.layers.0.mlp.up_proj}. */
    boolean contains(String path);

    /** Not said: whatever the adapter has tensors for. */
    record Unsaid() implements ModuleSelection {
        @Override
        public boolean contains(String path) {
            return true;
        }
    }

    /** Every linear layer but the head: {@code "all-linear"}. */
    record AllLinear() implements ModuleSelection {
        @Override
        public boolean contains(String path) {
            return !path.equals("lm_head") && !path.endsWith("embed_tokens");
        }
    }

    /** Those whose whole path an expression matches. */
    record Matching(ModuleRegex regex) implements ModuleSelection {
        @Override
        public boolean contains(String path) {
            return regex.matches(path);
        }
    }

    /** Those whose path is, or ends in, one of these names. */
    record Named(List<String> names) implements ModuleSelection {
        public Named {
            names = List.copyOf(names);
        }

        @Override
        public boolean contains(String path) {
            return names.stream().anyMatch(n -> path.equals(n) || path.endsWith("." + n));
        }
    }
}
