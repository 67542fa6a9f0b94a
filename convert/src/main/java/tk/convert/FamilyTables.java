package tk.convert;

import tk.error.UnsupportedException;
import tk.hf.Family;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The families tk knows. Anything else is refused by name, never half-converted. */
public final class FamilyTables {
    private static final List<FamilyTable> ALL =
            List.of(Llama.TABLE, Mistral.TABLE, Qwen2.TABLE, Qwen3.TABLE);

    private FamilyTables() {}

    /** Every family. */
    public static List<FamilyTable> all() {
        return ALL;
    }

    /**
     * The table of an architecture.
     *
     * @param architecture as in {@code architectures[0]} of {@code config.json}
     * @throws UnsupportedException where there is none
     */
    public static FamilyTable of(String architecture) {
        Optional<Family> family = Family.ofArchitecture(architecture);
        return ALL.stream()
                .filter(table -> family.isPresent() && table.family() == family.get())
                .findFirst()
                .orElseThrow(() -> unsupported("architecture " + architecture));
    }

    /**
     * The table that writes this {@code general.architecture}; of several, the general one.
     *
     * @throws UnsupportedException where there is none
     */
    public static FamilyTable ofGguf(String ggufArchitecture) {
        return ALL.stream()
                .filter(table -> table.ggufArchitecture().equals(ggufArchitecture))
                .findFirst()
                .orElseThrow(() -> unsupported("general.architecture " + ggufArchitecture));
    }

    private static UnsupportedException unsupported(String what) {
        return new UnsupportedException(
                "%s is not supported, only %s"
                        .formatted(
                                what,
                                ALL.stream()
                                        .map(table -> table.family().architecture())
                                        .collect(Collectors.joining(", "))),
                "A family is one table: CONTRIBUTING.md says how to add one.");
    }
}
