package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;
import tk.torch.PyValue.Global;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Tuple;
import tk.torch.TorchValue.Storage;
import tk.torch.TorchValue.TensorView;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The form of torch 0.1: a tar archive of four members.
 *
 * <ol>
 *   <li>{@code sys_info}: about the machine (ignored, as torch ignores it)
 *   <li>{@code storages}: pickle of the count; for each storage pickle {@code (key, location,
 *       class)}, element count (i64), elements; then pickle of the list of views {@code (key, whole
 *       storage's key, first element, elements)}
 *   <li>{@code tensors}: pickle of the count; for each tensor pickle {@code (key, storage key,
 *       class)}, number of dimensions (i32), 4 bytes, sizes (i64 each), strides (i64 each), offset
 *       (i64)
 *   <li>{@code pickle}: the saved object, its tensors as persistent ids
 * </ol>
 *
 * Source: {@code torch/serialization.py}, {@code legacy_load}.
 */
final class TorchTar implements TorchContainer {
    private static final List<String> MEMBERS = List.of("storages", "tensors", "pickle");
    private static final int MOST_DIMENSIONS = 64;

    /** Storages and tensors; each takes some 300 bytes of memory. */
    private static final int MOST = 1 << 16;

    private final SourceFile file;
    private final Map<String, FileRegion> members;
    private final Map<String, Storage> storages = new HashMap<>();
    private final Map<String, Long> offsets = new HashMap<>();
    private final Map<String, PyValue> tensors = new HashMap<>();
    private final PyValue root;

    private TorchTar(SourceFile file) {
        this.file = file;
        this.members = TarDirectory.read(file);
        if (!members.keySet().containsAll(MEMBERS)) {
            String first = members.isEmpty() ? "" : members.keySet().iterator().next();
            throw new UnsupportedException(
                    "%s: a tar archive, but not of PyTorch (it begins with `%s`)"
                            .formatted(file, Spelling.visible(first)),
                    "Unpack it, and give tk the checkpoint inside.");
        }
        readStorages(member("storages"));
        readTensors(member("tensors"));
        root = Unpickler.read(member("pickle"), new TorchGlobals(this::tensor));
    }

    /** Opens it: reads the pickles and the storages' sizes, and no element. */
    static TorchTar open(SourceFile file) {
        return new TorchTar(file);
    }

    private ByteWindow member(String name) {
        @Nullable FileRegion region = members.get(name);
        if (region == null) throw new IllegalStateException(name);
        return ByteWindow.of(file + ": " + name, file, region.offset(), region.length());
    }

    private static PyValue read(ByteWindow in) {
        return Unpickler.read(
                in,
                new TorchGlobals(
                        request -> {
                            throw request.at().malformed("a persistent id where none can be");
                        }));
    }

    private static long count(ByteWindow in, String what) {
        if (read(in) instanceof Int count && count.value() >= 0 && count.value() <= MOST) {
            return count.value();
        }
        throw in.malformed("the number of %s is not within 0 … %d".formatted(what, MOST), null);
    }

    private void readStorages(ByteWindow in) {
        long count = count(in, "storages");
        for (long i = 0; i < count; i++) {
            Tuple id = tuple(in, 3, "storage");
            @Nullable TorchType type = TorchGlobals.storageType(id.get(2));
            if (type == null) throw in.malformed("a storage without a class", null);
            long elements = in.i64("a storage's size");
            if (elements < 0 || elements > in.remaining() / type.bytes()) {
                throw in.malformed(
                        "a storage of %d elements, but %d bytes are left"
                                .formatted(elements, in.remaining()),
                        "The file is truncated or damaged: get it again.");
            }
            String key = key(in, id.get(0));
            Storage storage = new Storage(key, type, elements, 0);
            if (storages.put(key, storage) != null) {
                throw in.malformed("two storages of one key", null);
            }
            offsets.put(key, in.start() + in.position());
            in.skip(storage.bytes(), "a storage");
        }
        if (!(read(in) instanceof Items views)) {
            throw in.malformed("the views of storages are no list", null);
        }
        for (PyValue view : views.items()) addView(in, view);
    }

    private void addView(ByteWindow in, PyValue value) {
        if (!(value instanceof Tuple view)
                || view.size() != 4
                || !(view.get(2) instanceof Int first)
                || !(view.get(3) instanceof Int count)) {
            throw in.malformed("a view of a storage that is " + value.type(), null);
        }
        @Nullable Storage whole = storages.get(key(in, view.get(1)));
        if (whole == null
                || first.value() < 0
                || count.value() < 0
                || first.value() > whole.count() - count.value()) {
            throw in.malformed("a view beyond its storage", null);
        }
        storages.put(
                key(in, view.get(0)),
                new Storage(
                        whole.key(),
                        whole.elements(),
                        count.value(),
                        Math.addExact(
                                first.value(), whole.firstByte() / whole.elements().bytes())));
    }

    private void readTensors(ByteWindow in) {
        long count = count(in, "tensors");
        for (long i = 0; i < count; i++) {
            Tuple id = tuple(in, 3, "tensor");
            boolean typed =
                    id.get(2) instanceof Global type
                            && TorchType.ofTensorClass(type.name()).isPresent();
            if (!typed) throw in.malformed("a tensor without a class", null);
            @Nullable Storage storage = storages.get(key(in, id.get(1)));
            if (storage == null) throw in.malformed("a tensor of an unknown storage", null);
            int rank = in.i32("a tensor's dimensions");
            in.skip(4, "a tensor's dimensions");
            if (rank < 0 || rank > MOST_DIMENSIONS) {
                throw in.malformed("a tensor of %d dimensions".formatted(rank), null);
            }
            long[] size = new long[rank];
            long[] stride = new long[rank];
            for (int k = 0; k < rank; k++) size[k] = in.i64("a tensor's size");
            for (int k = 0; k < rank; k++) stride[k] = in.i64("a tensor's stride");
            long offset = in.i64("a tensor's offset");
            PicklePlace at = new PicklePlace(in.place(), in.position(), new PickleBudget());
            TensorView view =
                    TensorRebuild.view(
                            "tensor", storage, storage.elements(), offset, size, stride, at);
            if (tensors.put(key(in, id.get(0)), view) != null) {
                throw in.malformed("two tensors of one key", null);
            }
        }
    }

    private static Tuple tuple(ByteWindow in, int size, String what) {
        if (read(in) instanceof Tuple tuple && tuple.size() == size) return tuple;
        throw in.malformed("a %s's description is no tuple of %d".formatted(what, size), null);
    }

    private static String key(ByteWindow in, PyValue value) {
        return switch (value) {
            case Text text -> text.value();
            case Int number -> Long.toString(number.value());
            default -> throw in.malformed("a key that is " + value.type(), null);
        };
    }

    private PyValue tensor(TorchGlobals.Request request) {
        String key =
                switch (request.id()) {
                    case Text text -> text.value();
                    case Int number -> Long.toString(number.value());
                    default ->
                            throw request.at()
                                    .malformed("a persistent id that is " + request.id().type());
                };
        @Nullable PyValue tensor = tensors.get(key);
        if (tensor == null) {
            throw request.at()
                    .malformed("the tensor `%s` is not written".formatted(Spelling.visible(key)));
        }
        return tensor;
    }

    @Override
    public String form() {
        return "tar";
    }

    @Override
    public PyValue root() {
        return root;
    }

    @Override
    public FileRegion region(Storage storage) {
        @Nullable Long offset = offsets.get(storage.key());
        if (offset == null) {
            throw new MalformedException(file + ": a storage that is not written");
        }
        return new FileRegion(file, offset + storage.firstByte(), storage.bytes());
    }

    @Override
    public boolean bigEndian() {
        return false;
    }
}
