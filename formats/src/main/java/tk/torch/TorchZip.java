package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsafeException;
import tk.error.UnsupportedException;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;
import tk.torch.TorchValue.Storage;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The form torch has written since 1.6: a zip archive, all in one folder of any name.
 *
 * <ol>
 *   <li>{@code data.pkl}: the saved object, its storages as persistent ids {@code ('storage',
 *       class, key, location, count)}
 *   <li>{@code byteorder}: {@code little} or {@code big}; older files lack it and are little
 *   <li>{@code data/KEY}: the bytes of a storage, stored, so that tensors can be read in place
 *   <li>{@code version} and others, of no interest
 * </ol>
 *
 * Source: {@code torch/serialization.py}, {@code caffe2/serialize/inline_container.cc}.
 */
final class TorchZip implements TorchContainer {
    /** A compressed pickle is unpacked in memory; torch never compresses. */
    private static final long MOST_UNPACKED = 16L << 20;

    /** Deflate packs at most 1032 to 1. */
    private static final long MOST_RATIO = 1100;

    private final SourceFile file;
    private final SequencedMap<String, ZipEntry> entries;
    private final String folder;
    private final Map<String, Storage> storages = new HashMap<>();
    private final boolean bigEndian;
    private final PyValue root;

    /** An archive whose directory has been read. */
    TorchZip(SourceFile file, SequencedMap<String, ZipEntry> entries) {
        this.file = file;
        this.entries = entries;
        String pickle = pickleName(file, entries);
        this.folder = pickle.substring(0, pickle.length() - "data.pkl".length());
        this.bigEndian = readByteOrder();
        ByteWindow in = pickle(file, entry(pickle));
        this.root = Unpickler.read(in, new TorchGlobals(this::storage));
        if (in.remaining() > 0) {
            throw in.malformed(
                    "%d bytes follow the end of the pickle".formatted(in.remaining()),
                    "torch writes nothing there: don't trust this file.");
        }
    }

    /** Opens it: reads the directory and the pickle, and no storage. */
    static TorchZip open(SourceFile file) {
        return new TorchZip(file, ZipDirectory.read(file));
    }

    /**
     * The name of the archive's one {@code data.pkl}.
     *
     * @throws tk.error.TkException where there is none, naming what the archive is instead
     */
    static String pickleName(SourceFile file, SequencedMap<String, ZipEntry> entries) {
        List<String> found =
                entries.keySet().stream()
                        .filter(name -> name.equals("data.pkl") || name.endsWith("/data.pkl"))
                        .toList();
        if (found.isEmpty()) {
            String first = entries.isEmpty() ? "" : entries.firstEntry().getKey();
            throw new UnsupportedException(
                    "%s: a zip archive, but not of PyTorch: no data.pkl (it begins with `%s`)"
                            .formatted(file, Spelling.visible(first)),
                    "Unpack it, and give tk the checkpoint inside.");
        }
        if (found.size() > 1) {
            throw new MalformedException(
                    "%s: a zip archive with %d pickles, `%s` and `%s`, expected one"
                            .formatted(file, found.size(), found.get(0), found.get(1)),
                    "torch writes one: don't trust this file.");
        }
        String folder = found.getFirst().replaceFirst("data\\.pkl$", "");
        if (entries.containsKey(folder + "constants.pkl")) {
            throw new UnsupportedException(
                    file + ": a TorchScript archive: a program with its weights, not a checkpoint",
                    "Save the weights: torch.save(torch.jit.load(FILE).state_dict(), …).");
        }
        return found.getFirst();
    }

    /** The pickle's bytes: in the file where they are stored, in memory where they are packed. */
    static ByteWindow pickle(SourceFile file, ZipEntry entry) {
        String place = file + ": " + entry.name();
        return entry.isStored()
                ? ByteWindow.of(place, file, entry.dataOffset(), entry.size())
                : ByteWindow.inMemory(place, file, unpack(file, entry));
    }

    private static byte[] unpack(SourceFile file, ZipEntry entry) {
        if (entry.method() != ZipDirectory.DEFLATED) {
            throw new UnsupportedException(
                    "%s: the zip entry `%s` is packed by method %d, expected 0 (stored)"
                            .formatted(file, entry.name(), entry.method()),
                    "Save it again with torch.save.");
        }
        if (entry.size() > MOST_UNPACKED || entry.size() / MOST_RATIO > entry.packedSize()) {
            throw new UnsafeException(
                    "%s: the zip entry `%s` unpacks from %d to %d bytes, expected at most %d"
                            .formatted(
                                    file,
                                    entry.name(),
                                    entry.packedSize(),
                                    entry.size(),
                                    MOST_UNPACKED),
                    "torch does not compress: don't trust this file.");
        }
        byte[] packed = file.read(entry.dataOffset(), Math.toIntExact(entry.packedSize()));
        byte[] bytes = new byte[Math.toIntExact(entry.size())];
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(packed);
            int length = 0;
            while (length < bytes.length) {
                int n = inflater.inflate(bytes, length, bytes.length - length);
                if (n == 0 && (inflater.finished() || inflater.needsInput())) break;
                length += n;
            }
            // One more byte asked for tells whether the entry is longer than it says.
            boolean longer = inflater.inflate(new byte[1]) > 0;
            if (length != bytes.length || longer) {
                throw new MalformedException(
                        "%s: the zip entry `%s` unpacks to another size than the %d bytes it states"
                                .formatted(file, entry.name(), entry.size()));
            }
            return bytes;
        } catch (DataFormatException e) {
            throw new MalformedException(
                    "%s: the zip entry `%s` cannot be unpacked: %s"
                            .formatted(file, entry.name(), e.getMessage()),
                    "The archive is damaged: get the file again.",
                    e);
        } finally {
            inflater.end();
        }
    }

    private boolean readByteOrder() {
        @Nullable ZipEntry entry = entries.get(folder + "byteorder");
        if (entry == null) return false;
        if (entry.size() > 16) {
            throw new MalformedException(
                    "%s: the zip entry `%s` is no byte order".formatted(file, entry.name()));
        }
        byte[] bytes =
                entry.isStored()
                        ? file.read(entry.dataOffset(), (int) entry.size())
                        : unpack(file, entry);
        String order = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        return switch (order) {
            case "little" -> false;
            case "big" -> true;
            default ->
                    throw new MalformedException(
                            "%s: %s is `%s`, expected `little` or `big`"
                                    .formatted(file, entry.name(), Spelling.visible(order)));
        };
    }

    private ZipEntry entry(String name) {
        @Nullable ZipEntry entry = entries.get(name);
        if (entry == null) {
            throw new MalformedException(
                    "%s: the zip archive has no entry `%s`".formatted(file, name),
                    "The file is damaged, or was put together by hand.");
        }
        return entry;
    }

    /** {@code ('storage', class, key, location, count)}. */
    private PyValue storage(TorchGlobals.Request request) {
        PicklePlace at = request.at();
        Storage described = StorageId.read(request.id(), 5, at);
        @Nullable Storage known = storages.get(described.key());
        if (known != null) {
            StorageId.requireSame(known, described, at);
            return known;
        }
        ZipEntry entry = entry(folder + "data/" + described.key());
        if (!entry.isStored()) {
            throw new UnsupportedException(
                    "%s: the zip entry `%s` is compressed".formatted(file, entry.name()),
                    "tk reads tensors in place: save the checkpoint again with torch.save.");
        }
        if (described.bytes() > entry.size()) {
            throw at.malformed(
                    "storage `%s` of %d bytes, but `%s` has %d"
                            .formatted(
                                    described.key(),
                                    described.bytes(),
                                    entry.name(),
                                    entry.size()));
        }
        at.charge(128);
        storages.put(described.key(), described);
        return described;
    }

    @Override
    public String form() {
        return "zip";
    }

    @Override
    public PyValue root() {
        return root;
    }

    @Override
    public FileRegion region(Storage storage) {
        long offset = entry(folder + "data/" + storage.key()).dataOffset();
        return new FileRegion(file, offset, storage.bytes());
    }

    @Override
    public boolean bigEndian() {
        return bigEndian;
    }
}
