package tk.quantize;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Tensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads importance matrices: llama-imatrix's GGUF files, and the {@code .dat} files of its older
 * versions.
 *
 * <p>GGUF: for each tensor {@code NAME.in_sum2} (sums of squared inputs, one a column, one list an
 * expert) and {@code NAME.counts}; a weight is their quotient, 1 where nothing was counted.
 *
 * <p>Legacy, little-endian, all numbers 32 bits: the number of entries; for each the length of its
 * name, the name, the number of calls, the number of values, the values (sums that are divided by
 * the calls); then the number of chunks, the length of the data set's name, and the name.
 */
public final class ImportanceMatrices {
    private static final String SUMS = ".in_sum2";
    private static final String COUNTS = ".counts";

    /** Of a tensor, so that their bytes fit an array. */
    private static final long MOST_VALUES = Integer.MAX_VALUE / 4;

    private ImportanceMatrices() {}

    /** The matrix in a file of either form. */
    public static ImportanceMatrix read(Path file) {
        GgufReader reader = new GgufReader();
        return reader.recognises(file) ? readGguf(reader, file) : readLegacy(file);
    }

    private static ImportanceMatrix readGguf(GgufReader reader, Path file) {
        try (GgufFile gguf = reader.open(file)) {
            if (!gguf.gguf().string("general.type").orElse("").equals("imatrix")) {
                throw new MalformedException(
                        file
                                + ": a GGUF file, but no importance matrix (general.type is not imatrix)",
                        "Give the file that llama-imatrix or tk imatrix wrote.");
            }
            Map<String, ImportanceMatrix.Entry> entries = new HashMap<>();
            for (Tensor sums : gguf.tensors().values()) {
                String name = sums.info().name();
                if (!name.endsWith(SUMS)) continue;
                String target = name.substring(0, name.length() - SUMS.length());
                Tensor counts = gguf.tensors().get(target + COUNTS);
                if (counts == null)
                    throw new MalformedException(
                            file + ": `" + name + "` has no `" + target + COUNTS + "`");
                entries.put(target, entry(file, sums, counts));
            }
            Optional<String> dataset =
                    gguf.gguf()
                            .strings("imatrix.datasets")
                            .filter(l -> !l.isEmpty())
                            .map(List::getFirst);
            long chunks = gguf.gguf().integer("imatrix.chunk_count").orElse(0);
            return new ImportanceMatrix(
                    file.toString(), dataset, Math.clamp(chunks, 0, Integer.MAX_VALUE), entries);
        }
    }

    private static ImportanceMatrix.Entry entry(Path file, Tensor sums, Tensor counts) {
        long elements = sums.info().shape().elements();
        if (elements == 0
                || elements > MOST_VALUES
                || counts.info().shape().elements() != sums.info().shape().rows()
                || sums.info().dtype() != DType.F32
                || counts.info().dtype() != DType.F32) {
            throw new MalformedException(
                    "%s: `%s` %s %s does not go with `%s` %s %s"
                            .formatted(
                                    file,
                                    sums.info().name(),
                                    sums.info().dtype(),
                                    sums.info().shape(),
                                    counts.info().name(),
                                    counts.info().dtype(),
                                    counts.info().shape()));
        }
        int experts = (int) sums.info().shape().rows();
        int columns = (int) sums.info().shape().columns();
        float[] count = floats(counts, experts);
        float[] sum = floats(sums, experts * columns);
        float[][] weights = new float[experts][columns];
        for (int e = 0; e < experts; e++) {
            for (int c = 0; c < columns; c++) {
                weights[e][c] = count[e] > 0 ? sum[e * columns + c] / count[e] : 1;
            }
        }
        return new ImportanceMatrix.Entry(weights);
    }

    private static float[] floats(Tensor tensor, int count) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[4 * count]);
        tensor.readRows(0, tensor.info().shape().rows(), bytes);
        float[] values = new float[count];
        Scalars.widen(DType.F32, bytes, 0, values, 0, count);
        return values;
    }

    private static ImportanceMatrix readLegacy(Path file) {
        ByteBuffer in;
        try {
            if (Files.size(file) > 1 << 30) throw malformed(file, 0, "more than 1 GiB");
            in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", "Check the path.", e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
        int count = number(file, in, "number of entries", 0, in.limit() / 12);
        if (count == 0) throw malformed(file, 0, "no entries");
        Map<String, ImportanceMatrix.Entry> entries = new HashMap<>();
        for (int i = 0; i < count; i++) {
            String name = text(file, in, "name of entry " + i);
            int calls = number(file, in, "calls of `" + name + "`", 0, Integer.MAX_VALUE);
            int values = number(file, in, "values of `" + name + "`", 1, in.remaining() / 4 - 1);
            float[] weights = new float[values];
            in.asFloatBuffer().get(weights);
            in.position(in.position() + values * 4);
            if (calls > 0) for (int v = 0; v < values; v++) weights[v] /= calls;
            else Arrays.fill(weights, 1);
            entries.put(name, new ImportanceMatrix.Entry(new float[][] {weights}));
        }
        int chunks =
                in.remaining() >= 4
                        ? number(file, in, "number of chunks", 0, Integer.MAX_VALUE)
                        : 0;
        Optional<String> dataset =
                in.remaining() >= 4
                        ? Optional.of(text(file, in, "name of the data set"))
                        : Optional.empty();
        return new ImportanceMatrix(file.toString(), dataset, chunks, entries);
    }

    private static int number(Path file, ByteBuffer in, String what, int least, int most) {
        int at = in.position();
        if (in.remaining() < 4) throw malformed(file, at, what + ": the file ends");
        int value = in.getInt();
        if (value < least || value > most) {
            throw malformed(
                    file, at, "%s: %d, expected %d to %d".formatted(what, value, least, most));
        }
        return value;
    }

    private static String text(Path file, ByteBuffer in, String what) {
        int length = number(file, in, "length of " + what, 0, Math.min(in.remaining(), 1 << 16));
        if (length > in.remaining()) throw malformed(file, in.position(), what + ": the file ends");
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static MalformedException malformed(Path file, int at, String what) {
        return new MalformedException(
                "%s: no importance matrix: at byte %d: %s".formatted(file, at, what),
                "Give the file that llama-imatrix or tk imatrix wrote.");
    }
}
