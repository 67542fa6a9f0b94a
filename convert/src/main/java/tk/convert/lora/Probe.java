package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;
import static tk.convert.lora.BaseModules.WEIGHT;

import org.jspecify.annotations.Nullable;

import tk.convert.HfModel;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * One parameter probed: its rows times a random vector, and the same with the factors kept apart.
 *
 * <p>Everything is summed in double from the tensors themselves; nothing is shared with what merges
 * them.
 */
final class Probe {
    /** Values of a parameter that are probed at most, but at least {@link #BLOCKS} rows. */
    private static final long MOST_VALUES = 1 << 16;

    /** Rows lie in so many runs, spread from the first row to the last. */
    private static final int BLOCKS = 8;

    /** Far more than F32 sums of a few hundred terms, scale and sum lose. */
    private static final double SUMS = 0x1p-19;

    private final Merge merge;
    private final String name;
    private final Tensor result;
    private final double[] x;

    private final Map<LowRank, Right> rights = new HashMap<>();

    private double error;
    private double size;
    private double bounds;
    private double change;
    private double lost;
    private double moved;
    private double before;
    private long probed;
    private boolean pass = true;

    /**
     * The factor that x is multiplied with first.
     *
     * @param rows (r, columns)
     * @param times what they give times x: (r)
     * @param sizes {@link #magnitude} of each: (r)
     */
    private record Right(double[][] rows, double[] times, double[] sizes) {}

    Probe(Merge merge, String name, Tensor result) {
        this.merge = merge;
        this.name = name;
        this.result = result;
        int columns = Math.toIntExact(result.info().shape().columns());
        Random random = new Random(name.hashCode());
        this.x = random.doubles(columns, -1, 1).toArray();
    }

    ModuleProof run() {
        long rows = result.info().shape().rows();
        long wanted =
                Math.clamp(MOST_VALUES / Math.max(1, x.length), BLOCKS, Math.max(BLOCKS, rows));
        if (wanted >= rows) {
            probe(0, rows);
        } else {
            long run = wanted / BLOCKS;
            long[] starts = new long[BLOCKS];
            for (int i = 0; i < BLOCKS; i++) {
                starts[i] = (rows - run) * i / (BLOCKS - 1);
                probe(starts[i], run);
            }
            // Single rows that were trained would be missed between the runs.
            LongStream left = replacedRows().filter(r -> !isWithin(r, starts, run));
            left.limit(wanted).forEach(row -> probe(row, 1));
        }
        double w = Math.sqrt(size);
        double e = Math.sqrt(error);
        return new ModuleProof(
                name,
                ratio(e, w),
                ratio(Math.sqrt(bounds), w),
                ratio(Math.sqrt(moved), Math.sqrt(before)),
                ratio(Math.sqrt(lost), Math.sqrt(change)),
                probed,
                pass);
    }

    /** Rows in place of which an adapter has its own. */
    private LongStream replacedRows() {
        return merge.steps().stream()
                .map(this::replaced)
                .filter(Objects::nonNull)
                .flatMapToLong(r -> r.places().keySet().stream().mapToLong(Integer::longValue))
                .distinct()
                .sorted();
    }

    private AdapterPlan.@Nullable Rows replaced(Merge.Step step) {
        AdapterPlan.Rows own = step.plan().rows().get(module(name));
        return own != null ? own : step.plan().rows().get(tiedModule(step));
    }

    private static boolean isWithin(long row, long[] starts, long run) {
        return LongStream.of(starts).anyMatch(start -> row >= start && row < start + run);
    }

    private static double ratio(double part, double whole) {
        return part == 0 ? 0 : part / whole;
    }

    /** Some rows at once. */
    private void probe(long first, long count) {
        probed += count;
        double[][] merged = rows(result, first, count);
        double[] expected = new double[(int) count];
        double[] slack = new double[(int) count];
        unmerged(first, merged, expected, slack);
        Tensor original = tensor(merge.base(), name);
        double[][] old = original == null ? new double[0][] : common(original, first, count);
        int common = old.length;
        for (int i = 0; i < count; i++) {
            double found = dot(merged[i], x);
            double wrong = Math.abs(found - expected[i]);
            double bound = slack[i] + magnitude(merged[i]) * roundoff(result.info().dtype());
            // Not (wrong <= bound) where either is NaN.
            if (!(wrong <= bound)) pass = false;
            error += wrong * wrong;
            bounds += bound * bound;
            size += found * found;
            if (i >= common) continue;
            double step = found - dot(old[i], x);
            change += step * step;
            lost += wrong * wrong;
            for (int j = 0; j < x.length; j++) {
                double d = merged[i][j] - old[i][j];
                moved += d * d;
                before += old[i][j] * old[i][j];
            }
        }
    }

    /** The rows that there were before: a vocabulary may have been enlarged. */
    private static double[][] common(Tensor original, long first, long count) {
        return rows(original, first, Math.clamp(original.info().shape().rows() - first, 0, count));
    }

    /** What base and adapters give apart, step after step, and what rounding may add to it. */
    private void unmerged(long first, double[][] merged, double[] y, double[] slack) {
        for (Merge.Step step : merge.steps()) {
            AdapterPlan plan = step.plan();
            if (step == merge.steps().getFirst())
                start(tensor(merge.base(), name), first, y, slack);
            for (String own : new String[] {name, tiedName(step, name)}) {
                Tensor under = plan.underFactors().get(own);
                if (under != null) start(under, first, y, slack);
                Tensor saved = plan.saved().get(own);
                if (saved != null) {
                    start(saved, first, y, slack);
                    break;
                }
            }
            for (String module : new String[] {module(name), tiedModule(step)}) {
                LowRank low = module.isEmpty() ? null : plan.lowRank().get(module);
                if (low == null) continue;
                if (name.endsWith(WEIGHT)) add(step, low, first, merged, y, slack);
                else if (low.outputBias().isPresent()) addBias(step, low, merged, y, slack);
            }
            AdapterPlan.Rows replaced = replaced(step);
            if (replaced != null) replaceRows(replaced, first, y);
        }
    }

    /** {@code y = Wx}. */
    private void start(@Nullable Tensor weight, long first, double[] y, double[] slack) {
        if (weight == null) return;
        long count = Math.clamp(weight.info().shape().rows() - first, 0, y.length);
        double[][] rows = rows(weight, first, count);
        for (int i = 0; i < count; i++) {
            y[i] = dot(rows[i], x);
            // It may be narrowed to the base's type.
            slack[i] = magnitude(rows[i]) * roundoff(result.info().dtype());
        }
    }

    /** {@code y += s·B(Ax)}; with DoRA each row is then scaled to its magnitude. */
    private void add(
            Merge.Step step,
            LowRank low,
            long first,
            double[][] merged,
            double[] y,
            double[] slack) {
        double s = low.scaling() * step.scale();
        int r = low.rank();
        Right right = rights.computeIfAbsent(low, this::right);
        double[][] left = left(low, first, y.length);
        boolean dora = low.magnitude().isPresent();
        Tensor after = tensor(step.before(), name);
        DType type = after == null ? result.info().dtype() : after.info().dtype();
        // What is added to an embedding is rounded by itself.
        boolean twice = low.embedding() && !dora;
        double loss = twice ? SUMS + roundoff(type) : SUMS;
        for (int i = 0; i < y.length; i++) {
            double added = 0;
            double most = 0;
            for (int k = 0; k < r; k++) {
                added += left[i][k] * right.times()[k];
                most += Math.abs(left[i][k]) * right.sizes()[k];
            }
            y[i] += s * added;
            slack[i] += Math.abs(s) * most * loss;
        }
        if (dora) Dora.scale(step, low, home(step), left, right.rows(), s, first, x, y, slack);
        // Each merge rounds once.
        for (int i = 0; i < y.length; i++) {
            slack[i] += (Math.abs(y[i]) + slack[i]) * SUMS;
        }
        rounded(type, merged, slack);
        if (twice) rounded(type, merged, slack);
    }

    /** What one rounding of the merged rows to {@code type} may change. */
    private void rounded(DType type, double[][] merged, double[] slack) {
        for (int i = 0; i < slack.length; i++) {
            slack[i] += magnitude(merged[i]) * (roundoff(type) + SUMS);
        }
    }

    private void addBias(
            Merge.Step step, LowRank low, double[][] merged, double[] y, double[] slack) {
        double s = low.scaling() * step.scale();
        double[] bias = rows(low.outputBias().orElseThrow(), 0, 1)[0];
        y[0] += s * dot(bias, x);
        slack[0] += Math.abs(s) * magnitude(bias) * SUMS;
        rounded(result.info().dtype(), merged, slack);
    }

    private void replaceRows(AdapterPlan.Rows replaced, long first, double[] y) {
        replaced.places()
                .forEach(
                        (row, place) -> {
                            if (row < first || row >= first + y.length) return;
                            y[(int) (row - first)] = dot(rows(replaced.values(), place, 1)[0], x);
                        });
    }

    private Right right(LowRank low) {
        double[][] rows = low.embedding() ? transposed(low.b()) : all(low.a());
        double[] times = new double[rows.length];
        double[] sizes = new double[rows.length];
        for (int k = 0; k < rows.length; k++) {
            times[k] = dot(rows[k], x);
            sizes[k] = magnitude(rows[k]);
        }
        return new Right(rows, times, sizes);
    }

    /** (count, r): rows of what comes after it. */
    private static double[][] left(LowRank low, long first, int count) {
        if (!low.embedding()) return rows(low.b(), first, count);
        double[][] a = all(low.a());
        double[][] left = new double[count][a.length];
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < a.length; k++) left[i][k] = a[k][(int) first + i];
        }
        return left;
    }

    static double[][] all(Tensor tensor) {
        return rows(tensor, 0, tensor.info().shape().rows());
    }

    private static double[][] transposed(Tensor tensor) {
        double[][] m = all(tensor);
        double[][] t = new double[m[0].length][m.length];
        for (int i = 0; i < m.length; i++) {
            for (int j = 0; j < t.length; j++) t[j][i] = m[i][j];
        }
        return t;
    }

    static double[][] rows(Tensor tensor, long first, long count) {
        int columns = Math.toIntExact(tensor.info().shape().columns());
        double[][] rows = new double[Math.toIntExact(count)][columns];
        float[] row = new float[columns];
        try (Scratch scratch = Scratch.borrow(count * tensor.info().rowBytes())) {
            tensor.readRows(first, count, scratch.segment());
            for (int i = 0; i < count; i++) {
                long at = i * tensor.info().rowBytes();
                Scalars.widen(tensor.info().dtype(), scratch.segment(), at, row, 0, columns);
                for (int j = 0; j < columns; j++) rows[i][j] = row[j];
            }
        }
        return rows;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int j = 0; j < a.length; j++) sum += a[j] * b[j];
        return sum;
    }

    /**
     * What a relative error of the values is multiplied with: at most Σ|w·x|, and as the errors of
     * single values have nothing to do with each other, hardly more than eight times their norm (a
     * chance of 10⁻¹³ by Hoeffding's inequality).
     */
    private double magnitude(double[] row) {
        double sum = 0;
        double squares = 0;
        for (int j = 0; j < row.length; j++) {
            double term = row[j] * x[j];
            sum += Math.abs(term);
            squares += term * term;
        }
        // Below F16's normal numbers the error is absolute.
        double subnormal = result.info().dtype() == DType.F16 ? 0x1p-13 * Math.sqrt(row.length) : 0;
        return Math.min(sum, 8 * Math.sqrt(squares)) + subnormal;
    }

    private static double roundoff(DType type) {
        return switch (type) {
            case F16 -> 0x1p-11;
            case BF16 -> 0x1p-8;
            default -> 0x1p-24;
        };
    }

    private static String module(String parameter) {
        return BaseModules.module(parameter);
    }

    private static @Nullable Tensor tensor(HfModel model, String parameter) {
        Tensor own = model.weights().tensors().get(parameter);
        if (own != null || !parameter.equals(HEAD + WEIGHT)) return own;
        return model.weights().tensors().get(EMBEDDING + WEIGHT);
    }

    private Tensor home(Merge.Step step) {
        Tensor tensor = tensor(step.before(), name);
        return tensor == null ? result : tensor;
    }

    /** Whether embedding and head are one after this step as before it. */
    private boolean tiedThrough(Merge.Step step) {
        int next = merge.steps().indexOf(step) + 1;
        HfModel after =
                next < merge.steps().size() ? merge.steps().get(next).before() : merge.merged();
        return !after.weights().tensors().containsKey(HEAD + WEIGHT);
    }

    /** The other name under which a tied matrix may stand in an adapter. */
    private String tiedName(Merge.Step step, String parameter) {
        return tiedThrough(step) ? BaseModules.partner(parameter).orElse(parameter) : parameter;
    }

    private String tiedModule(Merge.Step step) {
        if (name.endsWith(BIAS) || !tiedThrough(step)) return "";
        return BaseModules.partner(name).map(BaseModules::module).orElse("");
    }
}
