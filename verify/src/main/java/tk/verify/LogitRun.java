package tk.verify;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Progress;
import tk.tensor.Tasks;
import tk.verify.reference.LogitModel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Runs the same tokens through a reference and one candidate or more, and compares what they expect
 * next.
 *
 * <p>Prompts go through the layers together, as many as {@link #KEPT} logits hold; the reference's
 * are computed once for all candidates where that is all of them.
 */
final class LogitRun implements AutoCloseable {
    /** Logits of one side that are kept at a time: 128 MiB. */
    static final long KEPT = 32L << 20;

    private final LogitModel reference;
    private final List<List<int[]>> groups;
    private final int threads;
    private @Nullable LogitTable kept;

    /**
     * A run.
     *
     * @param reference open while this is used, and the caller's
     * @param prompts none longer than {@link #KEPT} logits
     * @param threads to compare with
     */
    LogitRun(LogitModel reference, List<int[]> prompts, int threads) {
        this.reference = reference;
        this.groups = groups(prompts, Math.max(1, KEPT / reference.vocabularySize()));
        this.threads = threads;
    }

    private static List<List<int[]>> groups(List<int[]> prompts, long most) {
        List<List<int[]>> groups = new ArrayList<>();
        long room = 0;
        for (int[] prompt : prompts) {
            if (groups.isEmpty() || prompt.length > room) {
                groups.add(new ArrayList<>());
                room = most;
            }
            groups.getLast().add(prompt);
            room -= prompt.length;
        }
        return groups;
    }

    /** Compares a candidate at all positions of all prompts. */
    LogitStatistics compare(LogitModel candidate, Progress progress) {
        LogitComparison comparison = new LogitComparison(reference.vocabularySize());
        progress.stage("comparing logits", groups.stream().mapToLong(LogitRun::positions).sum());
        int firstPrompt = 0;
        for (List<int[]> group : groups) {
            LogitTable expected = kept != null ? kept : LogitTable.of(reference, group);
            if (groups.size() == 1) kept = expected;
            try (LogitTable found = LogitTable.of(candidate, group)) {
                compare(group, firstPrompt, expected, found, comparison);
            } finally {
                if (expected != kept) expected.close();
            }
            firstPrompt += group.size();
            progress.advance(positions(group));
        }
        return comparison.statistics();
    }

    private void compare(
            List<int[]> group,
            int firstPrompt,
            LogitTable expected,
            LogitTable found,
            LogitComparison comparison) {
        int vocabulary = reference.vocabularySize();
        List<Callable<PositionComparison>> tasks = new ArrayList<>();
        for (int i = 0; i < positions(group); i++) {
            int row = i;
            tasks.add(() -> PositionComparison.of(expected.row(row), found.row(row), vocabulary));
        }
        List<PositionComparison> rows = Tasks.run(threads, "tk-logits", tasks);
        int row = 0;
        for (int i = 0; i < group.size(); i++) {
            for (int position = 0; position < group.get(i).length; position++) {
                comparison.add(firstPrompt + i, position, rows.get(row++));
            }
        }
    }

    private static int positions(List<int[]> prompts) {
        return prompts.stream().mapToInt(prompt -> prompt.length).sum();
    }

    @Override
    public void close() {
        if (kept != null) kept.close();
        kept = null;
    }
}
