package tk.cli;

import tk.checkpoint.Progress;

import java.io.PrintStream;
import java.util.Locale;

/**
 * Progress on stderr: a line that redraws itself on a terminal; elsewhere a line a stage, one for
 * all rounds of it.
 */
final class ProgressLines implements Progress {
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintStream err;
    private final boolean redraw;
    private String stage = "";
    private long total;
    private long done;
    private long started;
    private long drawn;

    ProgressLines(PrintStream err, boolean redraw) {
        this.err = err;
        this.redraw = redraw;
    }

    @Override
    public synchronized void stage(String name, long stageTotal) {
        boolean again = name.equals(stage);
        stage = name;
        total = stageTotal;
        done = 0;
        started = System.nanoTime();
        drawn = started;
        if (!redraw && !again) err.println(name);
    }

    @Override
    public synchronized void advance(long amount) {
        done += amount;
        if (!redraw) return;
        long now = System.nanoTime();
        boolean finished = done >= total;
        if (!finished && now - drawn < REDRAW_NANOS) return;
        drawn = now;
        double seconds = (now - started) / 1e9;
        String line =
                finished
                        ? String.format(
                                Locale.ROOT, "%s  %s in %.1f s", stage, Sizes.bytes(done), seconds)
                        : String.format(
                                Locale.ROOT,
                                "%s  %3.0f %%  %s of %s  %s/s  %.0f s left",
                                stage,
                                100.0 * done / Math.max(1, total),
                                Sizes.bytes(done),
                                Sizes.bytes(total),
                                Sizes.bytes((long) (done / Math.max(1e-3, seconds))),
                                seconds * (total - done) / Math.max(1, done));
        err.print("\r\033[K" + line + (finished ? "\n" : ""));
        err.flush();
    }
}
