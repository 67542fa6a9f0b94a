package tk.torch;

import java.util.SequencedMap;

/**
 * The tensors chosen from a checkpoint.
 *
 * @param tensors by name, in the checkpoint's order: views, exotic tensors and numpy arrays
 * @param key the path of dicts that led to them, joined by dots; empty for the root
 * @param prefix what was taken off the names, such as {@code module.}
 */
record StateDict(SequencedMap<String, PyValue> tensors, String key, String prefix) {}
