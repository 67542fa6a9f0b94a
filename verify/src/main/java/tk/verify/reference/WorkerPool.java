package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed set of threads that share the tasks of one job after another; the caller is one of them.
 *
 * <p>A forward pass has a few hundred short jobs a token, so waiting threads spin for a moment
 * before they sleep, and nothing is allocated. Not thread-safe: one caller at a time.
 */
final class WorkerPool implements AutoCloseable {
    /** Something that falls into numbered tasks. */
    interface Job {
        /**
         * Does one task.
         *
         * @param task its number
         * @param worker who does it, {@code 0 … threads-1}: for scratch memory
         */
        void run(int task, int worker);
    }

    /** About 30 µs: longer than the single-threaded stretch between two matrix products. */
    private static final int SPINS = 2000;

    private final Thread[] threads;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private final AtomicInteger round = new AtomicInteger();
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Thread caller;
    private @Nullable Job job;
    private int tasks;

    /** A pool of {@code workers} threads, the caller counted. */
    WorkerPool(int workers) {
        threads = new Thread[workers - 1];
        for (int i = 0; i < threads.length; i++) {
            int worker = i + 1;
            threads[i] =
                    Thread.ofPlatform()
                            .name("tk-forward-" + worker)
                            .daemon()
                            .unstarted(() -> work(worker));
        }
        for (Thread thread : threads) thread.start();
    }

    /** How many threads, the caller counted. */
    int workers() {
        return threads.length + 1;
    }

    /** Runs tasks {@code 0 … count-1}, each once, and returns when all are done. */
    void run(int count, Job newJob) {
        job = newJob;
        tasks = count;
        next.set(0);
        if (count > 1 && threads.length > 0) {
            busy.set(threads.length);
            caller = Thread.currentThread();
            round.getAndIncrement();
            for (Thread thread : threads) LockSupport.unpark(thread);
            drain(newJob, count, 0);
            int spins = 0;
            while (busy.get() != 0) {
                if (++spins < SPINS) Thread.onSpinWait();
                else LockSupport.park(this);
            }
        } else {
            drain(newJob, count, 0);
        }
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            if (thrown instanceof RuntimeException e) throw e;
            if (thrown instanceof Error e) throw e;
            throw new IllegalStateException(thrown);
        }
    }

    private void drain(Job running, int count, int worker) {
        try {
            for (int task = next.getAndIncrement(); task < count; task = next.getAndIncrement()) {
                running.run(task, worker);
            }
        } catch (RuntimeException | Error e) {
            failure = e;
            next.set(count); // the others need not go on
        }
    }

    private void work(int worker) {
        int seen = 0;
        while (true) {
            int spins = 0;
            while (round.get() == seen) {
                if (closed) return;
                if (++spins < SPINS) Thread.onSpinWait();
                else LockSupport.park(this);
            }
            seen = round.get();
            Job running = job;
            if (running != null) drain(running, tasks, worker);
            if (busy.decrementAndGet() == 0) LockSupport.unpark(caller);
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) LockSupport.unpark(thread);
    }
}
