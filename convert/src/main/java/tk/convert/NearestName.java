package tk.convert;

import java.util.Collection;
import java.util.Optional;

/** Finds the name that was probably meant. */
public final class NearestName {
    private NearestName() {}

    /**
     * The candidate with the fewest edits from {@code name}, unless even that differs in more than
     * half of its characters.
     */
    public static Optional<String> among(Collection<String> candidates, String name) {
        String best = null;
        int fewest = name.length() / 2 + 1;
        for (String candidate : candidates) {
            if (Math.abs(candidate.length() - name.length()) >= fewest) continue;
            int edits = distance(name, candidate);
            if (edits < fewest) {
                fewest = edits;
                best = candidate;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Insertions, deletions and replacements between two strings (Levenshtein). */
    public static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) row[j] = j;
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
