package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.torch.PyValue.Int;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Tuple;
import tk.torch.TorchValue.Storage;

/**
 * The persistent id of a storage: {@code ('storage', class, key, location, count)}, in the legacy
 * form with a sixth item, {@code None} or a view {@code (view key, offset, size)}.
 *
 * <p>The location ({@code cpu}, {@code cuda:0}) does not matter to a reader.
 */
final class StorageId {
    private StorageId() {}

    /** The storage that {@code id} describes; a view of one is resolved by the caller. */
    static Storage read(PyValue id, int items, PicklePlace at) {
        if (!(id instanceof Tuple tuple)
                || tuple.size() < 5
                || tuple.size() > items
                || !(tuple.get(0) instanceof Text kind)) {
            throw at.malformed("a persistent id that is no storage's: " + id.type());
        }
        if (!kind.value().equals("storage")) {
            throw at.unsafe(
                    "a persistent id of the kind `%s`, as a whole pickled module has"
                            .formatted(Spelling.visible(kind.value())),
                    "Where you trust it, load it with torch and save"
                            + " torch.save(model.state_dict(), …).");
        }
        @Nullable TorchType type = TorchGlobals.storageType(tuple.get(1));
        if (type == null) {
            throw at.malformed("a storage whose class is " + tuple.get(1).type());
        }
        if (!(tuple.get(2) instanceof Text key)) {
            throw at.malformed("a storage whose key is " + tuple.get(2).type());
        }
        if (!(tuple.get(4) instanceof Int count) || count.value() < 0) {
            throw at.malformed("a storage without a size");
        }
        if (count.value() > Long.MAX_VALUE / type.bytes()) {
            throw at.malformed("a storage of %d elements".formatted(count.value()));
        }
        at.charge(64);
        return new Storage(key.value(), type, count.value(), 0);
    }

    /** A storage is written once, so two descriptions of it must agree. */
    static void requireSame(Storage known, Storage again, PicklePlace at) {
        if (known.elements() != again.elements() || known.count() != again.count()) {
            throw at.malformed(
                    "storage `%s` is described as %d × %s and as %d × %s"
                            .formatted(
                                    Spelling.visible(known.key()),
                                    known.count(),
                                    known.elements().torchName(),
                                    again.count(),
                                    again.elements().torchName()));
        }
    }
}
