package tk.filekind;

import static java.nio.charset.StandardCharsets.UTF_8;

import tk.filekind.FileKind.Broken;
import tk.filekind.FileKind.Foreign;
import tk.filekind.FileKind.Weights;
import tk.tensor.SourceFile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Tells zip archives apart by the names in their central directory; never unpacks anything.
 *
 * <p>Layout read (PKWARE's APPNOTE, little-endian):
 *
 * <ol>
 *   <li>at the file's end, within its last 65557 bytes, {@code PK 5 6}: at +12 the directory's
 *       size, at +16 its offset (u32); 0xffffffff asks for the zip64 record, whose offset stands 12
 *       bytes before
 *   <li>for each entry {@code PK 1 2}: at +28, +30, +32 the lengths of name, extra and comment
 *       (u16), at +46 the name
 * </ol>
 */
final class ZipKind {
    private static final int END_SIZE = 22;
    private static final int LARGEST_END = END_SIZE + 65535;

    /** More than any model's directory; a larger one is not read to the end. */
    private static final int MOST_DIRECTORY = 16 << 20;

    private ZipKind() {}

    static FileKind of(SourceFile file) {
        Optional<List<String>> directory = names(file);
        if (directory.isEmpty()) {
            // torch.save begins with the pickle; its reader says what is missing and where.
            if (firstName(file).endsWith("/data.pkl")) return Weights.TORCH_ZIP;
            return new Broken(
                    "a truncated zip archive: its directory, at the end, is missing",
                    "Download it again.");
        }
        List<String> names = directory.get();
        if (names.isEmpty()) return new Broken("an empty zip archive", "Save the model again.");
        boolean pickle =
                names.stream().anyMatch(n -> n.equals("data.pkl") || n.endsWith("/data.pkl"));
        // The mark that torch.load itself goes by.
        boolean script = names.stream().anyMatch(n -> n.endsWith("/constants.pkl"));
        if (script) {
            return new Foreign(
                    "a TorchScript archive: a compiled program, not a state dict",
                    "Where the model was trained, save torch.save(model.state_dict(), \"model.pt\").");
        }
        if (pickle) return Weights.TORCH_ZIP;
        return new Foreign(
                "a zip archive of something else (%s), not a PyTorch file"
                        .formatted(contents(names)),
                names.stream().allMatch(n -> n.endsWith(".npy"))
                        ? "NumPy archives are not read; save the arrays with safetensors."
                        : "Unpack it and give what is inside.");
    }

    private static String contents(List<String> names) {
        String shown = String.join(", ", names.subList(0, Math.min(3, names.size())));
        if (shown.length() > 80) shown = shown.substring(0, 79) + "…";
        return names.size() > 3 ? shown + " and %d more".formatted(names.size() - 3) : shown;
    }

    /** The names in the directory; empty where there is no directory, or not where it should be. */
    private static Optional<List<String>> names(SourceFile file) {
        int tail = (int) Math.min(LARGEST_END, file.size());
        ByteBuffer end = buffer(file.read(file.size() - tail, tail));
        for (int at = tail - END_SIZE; at >= 0; at--) {
            if (end.getInt(at) != 0x06054b50) continue;
            long size = Integer.toUnsignedLong(end.getInt(at + 12));
            long offset = Integer.toUnsignedLong(end.getInt(at + 16));
            if (size == 0xffffffffL || offset == 0xffffffffL) {
                long record = at >= 20 ? end.getLong(at - 20 + 8) : -1;
                if (record < 0 || record > file.size() - 56) return Optional.empty();
                ByteBuffer zip64 = buffer(file.read(record, 56));
                if (zip64.getInt(0) != 0x06064b50) return Optional.empty();
                size = zip64.getLong(40);
                offset = zip64.getLong(48);
            }
            if (offset < 0 || size < 0 || offset > file.size() || size > file.size() - offset)
                return Optional.empty();
            List<String> names = names(file.read(offset, (int) Math.min(size, MOST_DIRECTORY)));
            return names.isEmpty() && size > 0 ? Optional.empty() : Optional.of(names);
        }
        return Optional.empty();
    }

    private static List<String> names(byte[] directory) {
        ByteBuffer entries = buffer(directory);
        List<String> names = new ArrayList<>();
        int at = 0;
        while (at + 46 <= directory.length && entries.getInt(at) == 0x02014b50) {
            int nameLength = entries.getShort(at + 28) & 0xffff;
            int rest = (entries.getShort(at + 30) & 0xffff) + (entries.getShort(at + 32) & 0xffff);
            if (at + 46 + nameLength > directory.length) break;
            names.add(new String(directory, at + 46, nameLength, UTF_8));
            at += 46 + nameLength + rest;
        }
        return names;
    }

    private static String firstName(SourceFile file) {
        if (file.size() < 30) return "";
        int length = buffer(file.read(0, 30)).getShort(26) & 0xffff;
        return new String(file.read(30, (int) Math.min(length, file.size() - 30)), UTF_8);
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
