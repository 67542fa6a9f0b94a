package tk.filekind;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.filekind.FileKind.Broken;
import tk.filekind.FileKind.Foreign;
import tk.filekind.FileKind.LfsPointer;
import tk.filekind.FileKind.ShardIndex;
import tk.filekind.FileKind.Weights;
import tk.tensor.SourceFile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells files apart by their first bytes (of a zip archive: by its directory), never by their
 * names.
 *
 * <p>It reads at most a few kilobytes, and a zip's directory within bounds.
 */
public final class FileKinds {
    private static final int HEAD = 4096;

    /** Lines end in one way only: where two would do, a search could try them all in turn. */
    private static final Pattern LFS =
            Pattern.compile(
                    "\\Aversion https?://(?:git-lfs\\.github\\.com|hawser\\.github\\.com)/spec/v\\d+\r?\n"
                            + "(?:[^\n]*\n)*?size (\\d{1,18})\r?(?:\n|\\z)");

    private static final Pattern HTML =
            Pattern.compile("\\A(?:<\\?xml[^>]*>\\s*)?<(?:!doctype html|html|head|body|title)\\b");

    private FileKinds() {}

    /**
     * The kind of a regular file.
     *
     * @throws IoException where it cannot be read
     */
    public static FileKind of(Path path) {
        try (SourceFile file = SourceFile.open(path)) {
            return of(file);
        }
    }

    /** What to throw for a file that holds no weights tk reads. */
    public static TkException refusal(Path path, FileKind kind) {
        return switch (kind) {
            case LfsPointer(long size) ->
                    new MalformedException(
                            String.format(
                                    Locale.ROOT,
                                    "%s: this is a Git-LFS pointer, not the file itself (%,d bytes)",
                                    path,
                                    size),
                            "Fetch the real file: run `git lfs pull` in its repository, or download it again.");
            case Broken(String what, String hint) ->
                    new MalformedException(path + ": this is " + what, hint);
            case Foreign(String what, String hint) ->
                    new UnsupportedException(path + ": this is " + what, hint);
            case ShardIndex() ->
                    new UnsupportedException(
                            path + ": this is the index of a sharded checkpoint",
                            "Give the folder it lies in.");
            case Weights weights -> throw new IllegalArgumentException(weights + " is not refused");
        };
    }

    /** The kind of an open file. */
    public static FileKind of(SourceFile file) {
        if (file.size() == 0) {
            return new Broken("an empty file", "Download or save it again.");
        }
        byte[] head = file.read(0, (int) Math.min(HEAD, file.size()));
        if (starts(head, "GGUF")) return Weights.GGUF;
        if (starts(head, "PK\3\4") || starts(head, "PK\5\6")) return ZipKind.of(file);
        if (isSafetensors(head)) return Weights.SAFETENSORS;
        if (startsLegacyTorch(head)) return Weights.TORCH_LEGACY;
        if (isTar(head)) return Weights.TORCH_TAR;
        return foreign(head)
                .or(() -> text(head, file.size()))
                .orElseGet(() -> unknown(head, file.size()));
    }

    /** A header's length, then the JSON object it holds. */
    private static boolean isSafetensors(byte[] head) {
        if (head.length < 9 || head[8] != '{') return false;
        long length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        return length >= 2 && length < 1L << 40;
    }

    /**
     * A pickle of protocol 2 to 5: torch's magic number, or anything else, which the reader of such
     * files judges.
     */
    private static boolean startsLegacyTorch(byte[] head) {
        return head.length > 2 && head[0] == (byte) 0x80 && head[1] >= 2 && head[1] <= 5;
    }

    /** A POSIX or GNU tar by its magic, an older one by the checksum of its first header. */
    private static boolean isTar(byte[] head) {
        if (head.length < 512 || head[0] == 0) return false;
        if (new String(head, 257, 5, ISO_8859_1).equals("ustar")) return true;
        int sum = 0;
        for (int i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? ' ' : head[i] & 0xff;
        String field = new String(head, 148, 8, ISO_8859_1).replace('\0', ' ').strip();
        return field.matches("[0-7]{3,7}") && Integer.parseInt(field, 8) == sum;
    }

    private record Magic(String bytes, String what, String hint) {}

    private static final String EXPORT =
            "Give the model's .pt, .safetensors, Hugging Face folder or GGUF instead.";
    private static final String UNPACK = "Unpack it and give what is inside.";

    /** Formats with a signature at byte 0; the bytes as ISO-8859-1. */
    private static final List<Magic> FOREIGN =
            List.of(
                    new Magic("lmgg", "a GGML file of the first version (before GGUF)", EXPORT),
                    new Magic("fmgg", "a GGML file in the GGMF form (before GGUF)", EXPORT),
                    new Magic("tjgg", "a GGML file in the GGJT form (before GGUF)", EXPORT),
                    new Magic("algg", "a GGML LoRA adapter (before GGUF)", EXPORT),
                    new Magic("24ka", "a llama2.c checkpoint", EXPORT),
                    new Magic(
                            "\u0089HDF\r\n\u001a\n", "an HDF5 file (Keras or TensorFlow)", EXPORT),
                    new Magic("\u0093NUMPY", "a NumPy array file", EXPORT),
                    new Magic("\u001f\u008b", "a gzip archive", UNPACK),
                    new Magic("\u00fd7zXZ\0", "an xz archive", UNPACK),
                    new Magic("BZh", "a bzip2 archive", UNPACK),
                    new Magic("(\u00b5/\u00fd", "a zstd archive", UNPACK),
                    new Magic("7z\u00bc\u00af'\u001c", "a 7-Zip archive", UNPACK),
                    new Magic("Rar!\u001a\u0007", "a RAR archive", UNPACK),
                    new Magic("%PDF-", "a PDF document", EXPORT),
                    new Magic("\u007fELF", "a program (ELF)", EXPORT));

    private static Optional<FileKind> foreign(byte[] head) {
        for (Magic magic : FOREIGN) {
            if (starts(head, magic.bytes()))
                return Optional.of(new Foreign(magic.what(), magic.hint()));
        }
        if (ProtobufKind.isOnnx(head)) return Optional.of(new Foreign("an ONNX model", EXPORT));
        if (ProtobufKind.isSentencePiece(head)) {
            return Optional.of(
                    new Foreign(
                            "a SentencePiece tokenizer, not weights",
                            "Give the weights as INPUT and this file with --tokenizer."));
        }
        return Optional.empty();
    }

    private static Optional<FileKind> text(byte[] head, long size) {
        Optional<String> decoded = decode(head);
        if (decoded.isEmpty()) return Optional.empty();
        String text = decoded.get().strip();
        if (text.startsWith("\ufeff")) text = text.substring(1).strip();
        Matcher lfs = LFS.matcher(text);
        if (lfs.find()) return Optional.of(new LfsPointer(Long.parseLong(lfs.group(1))));
        if (HTML.matcher(text.toLowerCase(Locale.ROOT)).find()) {
            return Optional.of(
                    new Broken(
                            "an HTML page, as a server sends in place of a file",
                            "Download the model again; gated models need a login."));
        }
        if (text.startsWith("{") && text.contains("\"weight_map\""))
            return Optional.of(new ShardIndex());
        if (text.startsWith("{") || text.startsWith("[")) {
            return Optional.of(
                    new Broken(
                            "a JSON file, not weights",
                            "Give the folder it lies in, or the file with the weights."));
        }
        String first = text.lines().findFirst().orElse("");
        if (first.length() > 40) first = first.substring(0, 40) + "…";
        return Optional.of(
                new Broken(
                        "a text file of %d bytes, not weights: \"%s\"".formatted(size, first),
                        "Give the file with the weights, or download it again."));
    }

    /** The text, where the bytes are UTF-8 (cut anywhere) without control characters. */
    private static Optional<String> decode(byte[] head) {
        int end = head.length;
        // The head may end inside a character of up to four bytes.
        for (int cut = 0; cut < 4 && cut < end; cut++) {
            try {
                String text =
                        UTF_8.newDecoder()
                                .onMalformedInput(CodingErrorAction.REPORT)
                                .decode(ByteBuffer.wrap(head, 0, end - cut))
                                .toString();
                boolean plain =
                        text.chars()
                                .allMatch(c -> c >= 0x20 ? c != 0x7f : "\t\n\r\f".indexOf(c) >= 0);
                return plain ? Optional.of(text) : Optional.empty();
            } catch (CharacterCodingException e) {
                if (head.length < HEAD) return Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static FileKind unknown(byte[] head, long size) {
        boolean zeros = true;
        for (byte b : head) zeros &= b == 0;
        if (zeros) {
            return new Broken(
                    "a file of zero bytes at least at its start: a download that did not finish",
                    "Download it again.");
        }
        return new Broken(
                "no model format tk knows (%d bytes, the first are %s)"
                        .formatted(
                                size,
                                HexFormat.ofDelimiter(" ")
                                        .formatHex(head, 0, Math.min(8, head.length))),
                "tk reads PyTorch, safetensors, GGUF, Hugging Face and Meta folders.");
    }

    private static boolean starts(byte[] head, String magic) {
        return head.length >= magic.length()
                && new String(head, 0, magic.length(), ISO_8859_1).equals(magic);
    }
}
