package tk.torch;

/**
 * What a pickle may ask the world for. The {@link Unpickler} moves values about; whatever a pickle
 * wants looked up or called comes here, and the answer is data or an exception.
 */
interface PickleCalls {
    /** The pickle looks a name up; it may do so without calling it. */
    PyValue global(PyValue.Global global, PicklePlace at);

    /** The pickle calls {@code callable}, as a function or as a class. */
    PyValue call(PyValue callable, PyValue.Tuple arguments, PicklePlace at);

    /** The pickle gives {@code object} its state. */
    void build(PyValue object, PyValue state, PicklePlace at);

    /** The pickle refers to something outside itself: a storage, or a tensor. */
    PyValue persistent(PyValue id, PicklePlace at);

    /**
     * Whether to go on where a pickle does what cannot be done as data, so that the rest of it can
     * be looked at too.
     */
    default boolean lenient() {
        return false;
    }
}
