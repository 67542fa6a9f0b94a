package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;
import tk.torch.PyValue.BigInt;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.None;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Tuple;
import tk.torch.TorchValue.Storage;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;

/**
 * The form before torch 1.6: pickles back to back, then the storages' bytes.
 *
 * <ol>
 *   <li>pickle: the magic number {@code 0x1950a86a20f9469cfc6c}
 *   <li>pickle: the protocol version, 1001
 *   <li>pickle: a dict about the machine that wrote it (ignored, as torch ignores it: the bytes are
 *       always little-endian)
 *   <li>pickle: the saved object; persistent ids have a sixth item, {@code None} or a view of the
 *       storage
 *   <li>pickle: the list of storage keys
 *   <li>for each key: its element count (i64), then the elements
 * </ol>
 *
 * <p>A file that holds one pickle and no magic number, as {@code pickle.dump} writes it, is read as
 * well; it can hold numpy arrays.
 *
 * <p>Source: {@code torch/serialization.py}, {@code _legacy_load}.
 */
final class TorchLegacy implements TorchContainer {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long PROTOCOL = 1001;

    private final SourceFile file;
    private final boolean bare;
    private final PyValue root;
    private final Map<String, Storage> storages = new HashMap<>();
    private final Map<String, Long> offsets = new HashMap<>();

    private TorchLegacy(SourceFile file) {
        this.file = file;
        ByteWindow in = ByteWindow.of(file.toString(), file, 0, file.size());
        PyValue first = Unpickler.read(in, new TorchGlobals(this::noStorage));
        this.bare = !(first instanceof BigInt magic) || !magic.value().equals(MAGIC);
        if (bare) {
            root = first;
        } else {
            requireProtocol(in);
            Unpickler.read(in, new TorchGlobals(this::noStorage));
            root = Unpickler.read(in, new TorchGlobals(this::storage));
            readOffsets(in);
        }
        if (in.remaining() > 0) {
            throw in.malformed(
                    "%d bytes follow the end of the checkpoint".formatted(in.remaining()),
                    "torch writes nothing there: don't trust this file.");
        }
    }

    /** Opens it: reads the pickles and the storages' sizes, and no element. */
    static TorchLegacy open(SourceFile file) {
        return new TorchLegacy(file);
    }

    /** Whether the file begins with a pickle of protocol 2 to 5. */
    static boolean recognises(byte[] head) {
        return head.length >= 2 && head[0] == (byte) 0x80 && head[1] >= 2 && head[1] <= 5;
    }

    private static void requireProtocol(ByteWindow in) {
        PyValue version = Unpickler.read(in, new TorchGlobals(request -> None.NONE));
        if (!(version instanceof Int number) || number.value() != PROTOCOL) {
            throw in.malformed(
                    "the protocol version is not %d".formatted(PROTOCOL),
                    "Save the checkpoint again with a present version of torch.");
        }
    }

    private PyValue noStorage(TorchGlobals.Request request) {
        throw request.at().malformed("a storage where none can be");
    }

    private PyValue storage(TorchGlobals.Request request) {
        PicklePlace at = request.at();
        Storage described = StorageId.read(request.id(), 6, at);
        @Nullable Storage known = storages.get(described.key());
        if (known == null) {
            at.charge(192);
            storages.put(described.key(), described);
            known = described;
        } else {
            StorageId.requireSame(known, described, at);
        }
        Tuple id = (Tuple) request.id();
        return id.size() == 6 && id.get(5) != None.NONE ? view(known, id.get(5), at) : known;
    }

    /** {@code (key of the view, first element, elements)}. */
    private static Storage view(Storage whole, PyValue view, PicklePlace at) {
        if (!(view instanceof Tuple tuple)
                || tuple.size() != 3
                || !(tuple.get(1) instanceof Int first)
                || !(tuple.get(2) instanceof Int count)) {
            throw at.malformed("a view of a storage that is " + view.type());
        }
        if (first.value() < 0
                || count.value() < 0
                || first.value() > whole.count() - count.value()) {
            throw at.malformed(
                    "a view of elements %d to %d of a storage of %d"
                            .formatted(
                                    first.value(), first.value() + count.value(), whole.count()));
        }
        return new Storage(whole.key(), whole.elements(), count.value(), first.value());
    }

    private void readOffsets(ByteWindow in) {
        PyValue keys = Unpickler.read(in, new TorchGlobals(this::noStorage));
        if (!(keys instanceof Items list)) {
            throw in.malformed("the storage keys are " + keys.type() + ", expected a list", null);
        }
        for (PyValue item : list.items()) {
            @Nullable Storage storage = item instanceof Text key ? storages.get(key.value()) : null;
            if (storage == null) {
                throw in.malformed("a storage that no tensor refers to", null);
            }
            long count = in.i64("a storage's size");
            if (count != storage.count()) {
                throw in.malformed(
                        "storage `%s` has %d elements, expected %d"
                                .formatted(Spelling.visible(storage.key()), count, storage.count()),
                        null);
            }
            if (offsets.put(storage.key(), in.position()) != null) {
                throw in.malformed("a storage that is written twice", null);
            }
            in.skip(storage.bytes(), "storage `" + Spelling.visible(storage.key()) + "`");
        }
        if (offsets.size() != storages.size()) {
            throw in.malformed(
                    "%d storages are written, expected %d"
                            .formatted(offsets.size(), storages.size()),
                    null);
        }
    }

    @Override
    public String form() {
        return bare ? "pickle" : "legacy";
    }

    @Override
    public PyValue root() {
        return root;
    }

    @Override
    public FileRegion region(Storage storage) {
        @Nullable Long offset = offsets.get(storage.key());
        if (offset == null) {
            throw new MalformedException(
                    "%s: storage `%s` is not written"
                            .formatted(file, Spelling.visible(storage.key())));
        }
        return new FileRegion(file, offset + storage.firstByte(), storage.bytes());
    }

    @Override
    public boolean bigEndian() {
        return false;
    }
}
