package tk.torch;

import tk.tensor.FileRegion;

/** One of the three forms in which {@code torch.save} has written over the years, opened. */
sealed interface TorchContainer permits TorchZip {
    /** Its name in {@code tk inspect}: {@code zip}, {@code legacy} or {@code tar}. */
    String form();

    /** The saved object. */
    PyValue root();

    /** Where a storage's bytes lie. */
    FileRegion region(PyValue.Storage storage);

    /** Whether elements of more than a byte are stored with the highest byte first. */
    boolean bigEndian();
}
