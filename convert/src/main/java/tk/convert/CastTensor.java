package tk.convert;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A tensor in another scalar type: F32, F16, BF16 or F64 between each other.
 *
 * <p>Widening is exact; narrowing rounds to nearest, ties to even. F64 goes through F32, as it does
 * in llama.cpp's converter. A finite value that the new type cannot hold stops the reading, and so
 * does a NaN or an infinity in the source: one such weight makes every logit of the model NaN, and
 * is not to be found anymore in what was made from it.
 *
 * @param info as the source's but for the type
 * @param source the values
 */
public record CastTensor(TensorInfo info, Tensor source) implements Tensor {
    /** Values handled at a time: small enough to stay in a core's cache. */
    private static final int PIECE = 4096;

    /**
     * {@code source} as {@code type}; itself where it is of that type.
     *
     * @throws UnsupportedException where either is not one of the four
     */
    public static Tensor of(Tensor source, DType type) {
        TensorInfo info = source.info();
        if (info.dtype() == type) return source;
        if (!Scalars.canWiden(info.dtype()) || !Scalars.canWiden(type)) {
            throw new UnsupportedException(
                    "tensor `%s`: %s cannot be cast to %s"
                            .formatted(info.name(), info.dtype(), type),
                    "Supported: F32, F16, BF16 and F64 between each other.");
        }
        return new CastTensor(info.withDType(type), source);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        DType from = source.info().dtype();
        long values = Math.multiplyExact(count, info.shape().columns());
        long fromBytes = from.blockBytes();
        long toBytes = info.dtype().blockBytes();
        int limit = limit(info.dtype());
        float[] piece = new float[(int) Math.min(values, PIECE)];
        long place = source.stored().map(FileRegion::offset).orElse(0L);
        place += first * info.shape().columns() * fromBytes;
        try (Scratch scratch = Scratch.forWriting(values * fromBytes, place)) {
            MemorySegment stored = scratch.segment();
            source.readRows(first, count, stored);
            for (long done = 0; done < values; done += PIECE) {
                int n = (int) Math.min(PIECE, values - done);
                Scalars.widen(from, stored, done * fromBytes, piece, 0, n);
                if (Scalars.largestMagnitude(piece, 0, n) >= limit) {
                    throw unfit(stored, first * info.shape().columns(), done, piece, n, limit);
                }
                Scalars.narrowNumbers(info.dtype(), piece, 0, into, done * toBytes, n);
            }
        }
    }

    /**
     * The bits of the smallest magnitude that does not fit: half a unit above the largest value of
     * the type, where rounding to even leads to infinity.
     */
    private static int limit(DType to) {
        return switch (to) {
            case F16 -> 0x477ff000; // 65520
            case BF16 -> 0x7f7f8000;
            default -> 0x7f800000; // infinity itself
        };
    }

    private RuntimeException unfit(
            MemorySegment stored, long before, long done, float[] piece, int n, int limit) {
        int at = 0;
        while (at < n - 1 && (Float.floatToRawIntBits(piece[at]) & 0x7fffffff) < limit) at++;
        long index = before + done + at;
        long columns = info.shape().columns();
        String place =
                "tensor `%s`, row %d, column %d"
                        .formatted(info.name(), index / columns, index % columns);
        boolean wide = source.info().dtype() == DType.F64;
        double value = wide ? stored.get(Scalars.LE_DOUBLE, (done + at) * 8) : piece[at];
        if (!Double.isFinite(value)) {
            return new MalformedException(
                    "%s: the value is %s, expected a finite number".formatted(place, value),
                    "The weights are damaged, or the training diverged: take an earlier checkpoint.");
        }
        return new UnsupportedException(
                "%s: %s does not fit in %s, whose largest value is %s"
                        .formatted(
                                place,
                                wide ? Double.toString(value) : Float.toString((float) value),
                                info.dtype(),
                                largest(info.dtype())),
                info.dtype() == DType.F16
                        ? "Use bf16 or f32 instead of f16."
                        : "Use f32 instead, if it fits there.");
    }

    private static String largest(DType type) {
        return switch (type) {
            case F16 -> "65504";
            case BF16 -> Float.toString(Scalars.fromBf16((short) 0x7f7f));
            default -> Float.toString(Float.MAX_VALUE);
        };
    }
}
