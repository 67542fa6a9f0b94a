package tk.checkpoint;

/**
 * Told how far a long step has come. Any thread may report; whoever listens decides what to show.
 */
public interface Progress {
    /** Listens to nothing. */
    Progress NONE =
            new Progress() {
                @Override
                public void stage(String name, long total) {}

                @Override
                public void advance(long amount) {}
            };

    /**
     * A step begins.
     *
     * @param name what is being done, such as {@code writing model.gguf}
     * @param total bytes (or other units) to come; the sum of all {@link #advance} calls of this
     *     stage
     */
    void stage(String name, long total);

    /** {@code amount} more units of the present stage are done. */
    void advance(long amount);
}
