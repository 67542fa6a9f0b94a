package tk.verify.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Whether a candidate's settings are the reference's.
 *
 * @param compared how many were
 * @param failures each that differs
 */
public record SettingsComparison(int compared, List<String> failures) {
    /**
     * Rope factors were computed in F32 on one side and in double on the other, through a division
     * that magnifies: measured below 2e-6, and a real change is beyond 1e-3.
     */
    private static final double FACTOR = 1e-5;

    /** Copies the list. */
    public SettingsComparison {
        failures = List.copyOf(failures);
    }

    /**
     * Compares all but the vocabulary's size.
     *
     * @param reference what is right
     * @param candidate what is checked
     */
    public static SettingsComparison of(Settings reference, Settings candidate) {
        List<String> failures = new ArrayList<>();
        int compared = 0;
        for (Setting setting : Setting.values()) {
            if (setting == Setting.VOCABULARY) continue;
            Double expected = reference.values().get(setting);
            Double found = candidate.values().get(setting);
            if (expected == null) continue;
            compared++;
            if (found == null) {
                failures.add(
                        "%s is missing, expected %s"
                                .formatted(candidate.names().apply(setting), text(expected)));
                // GGUF keeps F32, so 1e-5 of a config.json becomes its nearest F32.
            } else if (expected.floatValue() != found.floatValue()) {
                failures.add(
                        "%s is %s, expected %s"
                                .formatted(
                                        candidate.names().apply(setting),
                                        text(found),
                                        text(expected)));
            }
        }
        compare(reference.rotary(), candidate.rotary(), failures);
        return new SettingsComparison(compared + 1, failures);
    }

    private static void compare(
            RotaryScaling reference, RotaryScaling candidate, List<String> failures) {
        if (!reference.method().equals(candidate.method())) {
            failures.add(
                    "rope scaling is %s, expected %s"
                            .formatted(candidate.method(), reference.method()));
            return;
        }
        if (reference.divisors().size() != candidate.divisors().size()) {
            failures.add(
                    "rope has %d frequencies, expected %d"
                            .formatted(candidate.divisors().size(), reference.divisors().size()));
            return;
        }
        for (int i = 0; i < reference.divisors().size(); i++) {
            double expected = reference.divisors().get(i);
            double found = candidate.divisors().get(i);
            if (differ(expected, found)) {
                failures.add(
                        "rope frequency %d is divided by %s, expected %s"
                                .formatted(i, text(found), text(expected)));
                break;
            }
        }
        TreeSet<String> names = new TreeSet<>(reference.parameters().keySet());
        names.addAll(candidate.parameters().keySet());
        for (String name : names) {
            Double expected = reference.parameters().get(name);
            Double found = candidate.parameters().get(name);
            if (expected == null || found == null || differ(expected, found)) {
                failures.add(
                        "rope scaling's %s is %s, expected %s"
                                .formatted(name, text(found), text(expected)));
                break;
            }
        }
    }

    private static boolean differ(double expected, double found) {
        return !(Math.abs(found - expected) <= FACTOR * Math.abs(expected));
    }

    private static String text(@org.jspecify.annotations.Nullable Double value) {
        if (value == null) return "missing";
        double number = value;
        return number == Math.rint(number) && Math.abs(number) < 1e15
                ? Long.toString((long) number)
                : Float.toString((float) number);
    }
}
