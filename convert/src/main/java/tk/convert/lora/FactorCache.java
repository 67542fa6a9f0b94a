package tk.convert.lora;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The factors of the modules that were used last: rows are asked for module by module, so that a
 * few are enough however many there are. Thread-safe.
 */
final class FactorCache {
    /** More than the threads that work on different modules at once. */
    private static final int KEPT = Math.max(8, 2 * Runtime.getRuntime().availableProcessors());

    private final Map<LowRank, Slot> slots =
            new LinkedHashMap<>(KEPT, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<LowRank, Slot> eldest) {
                    return size() > KEPT;
                }
            };

    private static final class Slot {
        private @Nullable Factors factors;

        synchronized Factors get(LowRank lowRank) {
            Factors found = factors;
            if (found == null) {
                found = Factors.of(lowRank);
                factors = found;
            }
            return found;
        }
    }

    Factors of(LowRank lowRank) {
        Slot slot;
        synchronized (slots) {
            slot = slots.computeIfAbsent(lowRank, key -> new Slot());
        }
        return slot.get(lowRank);
    }
}
