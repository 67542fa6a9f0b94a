package tk.verify.weights;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import tk.quantize.BlockCodec;
import tk.quantize.BlockCodecs;
import tk.quantize.FloatRows;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Compares two tensors that should hold the same values, row by row.
 *
 * <ul>
 *   <li>A float target must be, to the bit, the source rounded to its type.
 *   <li>A quantized target must hold for every value the code that comes nearest to it, given the
 *       scales of its block; and no block's scale may be lost. That is what every quantizer of
 *       llama.cpp's does, with and without an importance matrix, and it needs no tolerance: one
 *       wrong value among millions shows.
 *   <li>A quantized target that another file came before (an F16 source, a BF16 GGUF made of it,
 *       that file quantized) must hold the nearest codes to the source's values rounded to that
 *       file's type: as strict. It passes with a note where that file had 8 bits or more, and was
 *       quantized twice otherwise.
 *   <li>Quantizers that choose codes by other rules (to compensate errors) keep most values within
 *       one step, and their errors have no pattern ({@link ErrorPattern}): that passes with a note,
 *       and the logits decide.
 * </ul>
 */
final class TensorComparison {
    /** Rows are compared in runs of about so many values. */
    private static final int CHUNK = 1 << 18;

    /** Fewer, where most likely the first run tells that another file did not come before. */
    private static final int FIRST_LOOK = 1 << 14;

    /** Types that a file between source and target may have had, finest first. */
    private static final List<DType> INTERMEDIATE =
            List.of(
                    DType.F16,
                    DType.BF16,
                    DType.Q8_0,
                    DType.Q6_K,
                    DType.Q5_K,
                    DType.Q5_1,
                    DType.Q5_0,
                    DType.Q4_K,
                    DType.Q4_1,
                    DType.Q4_0,
                    DType.IQ4_XS,
                    DType.IQ4_NL,
                    DType.Q3_K,
                    DType.Q2_K);

    private final Tensor source;
    private final Tensor target;
    private final Optional<DType> through;
    private final long rows;
    private final int columns;
    private final boolean importance;
    private final Optional<CodeGrid> grid;
    private final CodeGrid.Scales scales = new CodeGrid.Scales();
    private final TensorTally tally;

    private TensorComparison(
            Tensor source, Tensor target, Optional<DType> through, long rows, boolean importance) {
        this.source = source;
        this.target = target;
        this.through = through;
        this.rows = rows;
        this.columns = Math.toIntExact(source.info().shape().columns());
        this.importance = importance;
        this.tally = new TensorTally(columns);
        this.grid = CodeGrid.of(target.info().dtype());
    }

    /**
     * Compares the first {@code rows} rows.
     *
     * @param role for the report
     * @param importance whether the target was quantized with an importance matrix
     */
    static TensorDifference compare(
            Tensor source, Tensor target, long rows, Role role, boolean importance) {
        TensorComparison direct =
                new TensorComparison(source, target, Optional.empty(), rows, importance);
        direct.run();
        if (direct.holdsTheNearest()) return direct.result(role);
        for (DType type : INTERMEDIATE) {
            boolean whole = source.info().shape().columns() % type.blockSize() == 0;
            if (type == source.info().dtype() || !whole) continue;
            // A coarse type changes many codes: a few wrong ones need no look at it.
            if (TensorVerdict.isCoarse(type) && !direct.verdict().isAnotherRounding()) continue;
            TensorComparison rounded =
                    new TensorComparison(source, target, Optional.of(type), rows, importance);
            rounded.run();
            if (rounded.holdsTheNearest()) return rounded.result(role);
        }
        return direct.result(role);
    }

    /** Whether no other rounding needs to be thought of. */
    private boolean holdsTheNearest() {
        if (grid.isEmpty()) return true;
        boolean nearest = tally.notNearest == 0 || fitsAfterCoding();
        return nearest && verdict().damage().isEmpty();
    }

    private void run() {
        boolean sameType = source.info().dtype() == target.info().dtype();
        int chunk = through.isPresent() ? FIRST_LOOK : CHUNK;
        int step = Math.max(1, chunk / Math.max(1, columns));
        float[] expected = new float[Math.toIntExact(Math.min(rows, step) * columns)];
        float[] found = new float[expected.length];
        for (long first = 0; first < rows; first += step) {
            int count = (int) Math.min(step, rows - first);
            if (sameType && equalBytes(first, count, expected, found)) continue;
            FloatRows.read(source, first, count, expected);
            if (target.info().dtype().isBlock()) compareBlocks(first, count, expected, found);
            else compareFloats(first, count, expected, found);
            if (isRefuted()) return;
        }
    }

    /** Whether the values did not come by this other type. */
    private boolean isRefuted() {
        return through.isPresent() && tally.notNearest > 0 && !fitsAfterCoding();
    }

    /** Rows with equal bytes differ in nothing; only the source's energy is added up. */
    private boolean equalBytes(long first, int count, float[] expected, float[] found) {
        long bytes = Math.multiplyExact(count, source.info().rowBytes());
        try (Scratch a = Scratch.borrow(bytes);
                Scratch b = Scratch.borrow(bytes)) {
            source.readRows(first, count, a.segment());
            target.readRows(first, count, b.segment());
            if (a.segment().mismatch(b.segment()) >= 0) return false;
            FloatRows.widen(source.info().dtype(), a.segment(), 0, expected, 0, count * columns);
            System.arraycopy(expected, 0, found, 0, count * columns);
            for (int row = 0; row < count; row++) tally.addRow(first + row, row, expected, found);
            return true;
        }
    }

    private void compareFloats(long first, int count, float[] expected, float[] found) {
        DType type = target.info().dtype();
        int values = count * columns;
        long bytes = type.byteSize(values);
        try (Scratch rounded = Scratch.borrow(bytes);
                Scratch stored = Scratch.borrow(bytes)) {
            Scalars.narrow(type, expected, 0, rounded.segment(), 0, values);
            target.readRows(first, count, stored.segment());
            Scalars.widen(type, stored.segment(), 0, found, 0, values);
            MemorySegment a = rounded.segment();
            MemorySegment b = stored.segment();
            int width = type.blockBytes();
            for (long at = a.mismatch(b); at >= 0; ) {
                int index = (int) (at / width);
                tally.addWrong(first, index, expected[index], found[index]);
                long next = (index + 1L) * width;
                long more = a.asSlice(next).mismatch(b.asSlice(next));
                at = more < 0 ? -1 : next + more;
            }
            for (int i = 0; i < values; i++) {
                if (Float.isInfinite(found[i]) && !Float.isInfinite(expected[i])) {
                    if (tally.overflows++ == 0 && tally.wrong == 0) {
                        tally.rememberFirst(first, i, expected[i], found[i]);
                    }
                }
            }
        }
        for (int row = 0; row < count; row++) tally.addRow(first + row, row, expected, found);
    }

    private void compareBlocks(long first, int count, float[] expected, float[] found) {
        TensorInfo info = target.info();
        int bytes = Math.toIntExact(Math.multiplyExact(count, info.rowBytes()));
        byte[] blocks = new byte[bytes];
        try (Scratch scratch = Scratch.borrow(bytes)) {
            target.readRows(first, count, scratch.segment());
            FloatRows.widen(info.dtype(), scratch.segment(), 0, found, 0, count * columns);
            MemorySegment.copy(scratch.segment(), JAVA_BYTE, 0, blocks, 0, bytes);
        }
        if (grid.isPresent()) {
            float[] coded = through.map(type -> rounded(type, expected)).orElse(expected);
            int size = info.dtype().blockSize();
            int width = info.dtype().blockBytes();
            for (int block = 0; block < count * columns / size; block++) {
                checkBlock(grid.get(), blocks, block * width, first, block * size, coded, found);
                if (isRefuted()) return;
            }
        }
        for (int row = 0; row < count; row++) tally.addRow(first + row, row, expected, found);
    }

    /** The values as a file of another type held them. */
    private static float[] rounded(DType type, float[] values) {
        float[] result = new float[values.length];
        if (type.isBlock()) {
            BlockCodec codec = BlockCodecs.of(type);
            byte[] blocks = new byte[Math.toIntExact(type.byteSize(values.length))];
            codec.quantizeRow(values, 0, values.length, null, blocks, 0);
            codec.dequantizeRow(blocks, 0, result, 0, values.length);
            return result;
        }
        try (Scratch scratch = Scratch.borrow(type.byteSize(values.length))) {
            Scalars.narrow(type, values, 0, scratch.segment(), 0, values.length);
            Scalars.widen(type, scratch.segment(), 0, result, 0, values.length);
        }
        return result;
    }

    private void checkBlock(
            CodeGrid codes,
            byte[] blocks,
            int at,
            long firstRow,
            int start,
            float[] expected,
            float[] found) {
        codes.read(blocks, at, scales);
        boolean lost = true;
        for (int run = 0; run < codes.runs(); run++) lost &= scales.step[run] == 0;
        boolean lostValues = false;
        for (int run = 0; run < codes.runs(); run++) {
            double step = scales.step[run];
            double offset = scales.offset[run];
            double allowed = step == 0 ? lost ? codes.smallest() : codes.lostRange(scales) : 0;
            for (int i = start + run * codes.run(); i < start + (run + 1) * codes.run(); i++) {
                double error = Math.abs((double) expected[i] - found[i]);
                if (step == 0) {
                    lostValues |= !(error <= allowed);
                    continue;
                }
                double nearest = codes.nearestDistance(expected[i], step, offset);
                double spacing = codes.spacing(step);
                if (nearest <= spacing / 2) {
                    tally.inside++;
                    tally.squaredSteps += error * error / (spacing * spacing);
                }
                double beyond = error - nearest - codes.slack(expected[i], found[i], step, offset);
                if (beyond <= 0) continue;
                tally.notNearest++;
                // A NaN is never within a step.
                if (!(beyond <= spacing * (fitsAfterCoding() ? 2 : 1))) {
                    tally.addFarOff(firstRow, i, expected[i], found[i]);
                }
            }
        }
        if (lostValues) tally.lostBlocks++;
    }

    /**
     * With an importance matrix these types fit the scale once more after the codes were chosen,
     * which leaves some codes next to the nearest.
     */
    private boolean fitsAfterCoding() {
        return importance
                && switch (target.info().dtype()) {
                    case Q4_0, Q4_1, Q5_0, Q5_1 -> true;
                    default -> false;
                };
    }

    private TensorVerdict verdict() {
        return new TensorVerdict(
                source.info(),
                target.info(),
                through,
                importance,
                fitsAfterCoding(),
                grid.isPresent(),
                Math.max(1, (double) rows * columns),
                tally);
    }

    private TensorDifference result(Role role) {
        double values = Math.max(1, (double) rows * columns);
        TensorInfo info = target.info();
        TensorVerdict verdict = verdict();
        return new TensorDifference(
                info.name(),
                source.info().name(),
                role.layer(),
                role.label(),
                source.info().dtype(),
                info.dtype(),
                info.shape(),
                tally.changed,
                tally.maxAbs,
                Math.sqrt(tally.squaredError / values),
                tally.squaredError == 0
                        ? 0
                        : tally.squaredError / Math.max(tally.squaredSource, Double.MIN_NORMAL),
                tally.worstRow,
                tally.notNearest,
                verdict.failure().or(() -> pattern(verdict)),
                verdict.note());
    }

    /** What the errors of another rounding have in common, where they should have nothing. */
    private Optional<String> pattern(TensorVerdict verdict) {
        // What was fitted by weights that are not known here has a pattern of these.
        if (!verdict.isAnotherRounding() || fitsAfterCoding()) return Optional.empty();
        return ErrorPattern.of(source, target, rows)
                .finding()
                .map(finding -> "`%s`: %s".formatted(target.info().name(), finding));
    }
}
