package tk.checkpoint;

/**
 * A function from checkpoint to checkpoint that touches infos only; bytes move when the result is
 * written.
 *
 * <p>The result owns its argument: closing the result closes it.
 */
@FunctionalInterface
public interface Transform {
    /** The transformed checkpoint, lazily. */
    Checkpoint apply(Checkpoint in);

    /** This transform, and {@code next} on its result. */
    default Transform then(Transform next) {
        return in -> next.apply(apply(in));
    }
}
