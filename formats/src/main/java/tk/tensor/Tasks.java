package tk.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Independent tasks, such as one for each tensor, on several threads. */
public final class Tasks {
    private Tasks() {}

    /**
     * Runs all of them and returns when each has ended.
     *
     * @param threads how many at once
     * @param name of the threads, without their number
     * @return their results, in the order of the tasks
     * @throws RuntimeException the first, in that order, that a task threw; those not begun are
     *     left out then
     */
    public static <T> List<T> run(int threads, String name, List<? extends Callable<T>> tasks) {
        List<T> results = new ArrayList<>();
        try (ExecutorService pool =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().name(name + "-", 0).daemon().factory())) {
            List<Future<T>> futures = new ArrayList<>();
            for (Callable<T> task : tasks) futures.add(pool.submit(task));
            try {
                for (Future<T> future : futures) results.add(future.get());
            } catch (ExecutionException e) {
                leaveOut(futures);
                switch (e.getCause()) {
                    case RuntimeException cause -> throw cause;
                    case Error cause -> throw cause;
                    case null, default -> throw new IllegalStateException(e);
                }
            } catch (InterruptedException e) {
                leaveOut(futures);
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
        return results;
    }

    /** Those not begun. The others go on: a thread interrupted while it reads closes its file. */
    private static <T> void leaveOut(List<Future<T>> futures) {
        for (Future<T> future : futures) future.cancel(false);
    }
}
