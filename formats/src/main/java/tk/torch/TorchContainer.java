package tk.torch;

import tk.error.UnsupportedException;
import tk.filekind.FileKind;
import tk.filekind.FileKinds;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;

/** One of the three forms in which {@code torch.save} has written over the years, opened. */
sealed interface TorchContainer permits TorchZip, TorchLegacy, TorchTar {
    /**
     * Opens a file, judging its form by its bytes.
     *
     * @throws tk.error.TkException where it is none of them, saying what it is instead
     */
    static TorchContainer open(SourceFile file) {
        byte[] head = file.read(0, (int) Math.min(file.size(), 512));
        if (ZipDirectory.recognises(head)) return TorchZip.open(file);
        if (TorchLegacy.recognises(head)) return TorchLegacy.open(file);
        if (TarDirectory.recognises(head)) return TorchTar.open(file);
        FileKind kind = FileKinds.of(file);
        if (kind instanceof FileKind.Weights weights) {
            throw new UnsupportedException(
                    "%s: a %s file, not one of PyTorch".formatted(file, weights.title()), null);
        }
        throw FileKinds.refusal(file.path(), kind);
    }

    /** Its name in {@code tk inspect}: {@code zip}, {@code legacy}, {@code tar}, {@code pickle}. */
    String form();

    /** The saved object. */
    PyValue root();

    /** Where a storage's bytes lie. */
    FileRegion region(TorchValue.Storage storage);

    /** Whether elements of more than a byte are stored with the highest byte first. */
    boolean bigEndian();
}
