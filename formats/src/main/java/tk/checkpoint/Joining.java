package tk.checkpoint;

/** Waiting for a thread to its end: what it writes to must not be taken from under it. */
final class Joining {
    private Joining() {}

    /** Waits, whoever interrupts; the interrupt is there again afterwards. */
    static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
