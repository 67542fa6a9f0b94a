package tk.verify.weights;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import tk.quantize.BlockCodecs;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.verify.weights.Role.Part;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

class TensorComparisonTest {
    private static final int ROWS = 24;
    private static final int COLUMNS = 512;
    private static final Role ROLE = new Role(Part.QUERY, 0, false);

    /** A tensor as its bytes. */
    record Bytes(TensorInfo info, byte[] bytes) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            int rowBytes = (int) info.rowBytes();
            MemorySegment.copy(
                    MemorySegment.ofArray(bytes), first * rowBytes, into, 0, count * rowBytes);
        }
    }

    static List<DType> blockTypes() {
        return BlockCodecs.types().stream().filter(type -> CodeGrid.of(type).isPresent()).toList();
    }

    /** Those of 4 bits and more: 2 and 3 round by 10 to 30 %, in which small changes vanish. */
    static List<DType> finerTypes() {
        List<DType> coarse = List.of(DType.Q2_K, DType.Q3_K);
        return blockTypes().stream().filter(type -> !coarse.contains(type)).toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void passesExactRounding(DType type) {
        float[] values = ordinary(1);
        assertThat(compare(values, stored(type, values)).failure()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void catchesOneFlippedBit(DType type) {
        float[] values = ordinary(1);
        Bytes target = stored(type, values);
        target.bytes()[5000] ^= 1;
        TensorDifference found = compare(values, target);
        assertThat(found.failure().orElseThrow())
                .contains("`target`: 1 of ", "are not `source` as " + type);
    }

    @Test
    void namesAnOverflow() {
        float[] values = ordinary(1);
        values[777] = 70000;
        TensorDifference found = compare(values, stored(DType.F16, values));
        assertThat(found.failure()).get().asString().contains("overflow F16", "[1, 265]", "70000");
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void passesWhatTheQuantizerMakes(DType type) {
        for (int seed = 0; seed < 4; seed++) {
            for (float[] values : hostile(seed)) {
                TensorDifference found = compare(values, quantized(type, values, false));
                assertThat(found.failure()).as("%s of seed %d", type, seed).isEmpty();
                assertThat(found.notNearest()).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void passesWhatTheQuantizerMakesWithAnImportanceMatrix(DType type) {
        for (int seed = 0; seed < 4; seed++) {
            for (float[] values : hostile(seed)) {
                TensorDifference found =
                        TensorComparison.compare(
                                source(values), quantized(type, values, true), ROWS, ROLE, true);
                assertThat(found.failure()).as("%s of seed %d", type, seed).isEmpty();
            }
        }
    }

    /** Weights over ten orders of magnitude, as a column that hardly any text reaches has them. */
    @ParameterizedTest
    @MethodSource("blockTypes")
    void passesWhatAnExtremeImportanceMatrixMakes(DType type) {
        SplittableRandom random = new SplittableRandom(19);
        for (int spread : new int[] {1, 3, 5}) {
            float[] importance = new float[COLUMNS];
            for (int i = 0; i < COLUMNS; i++) {
                importance[i] = (float) Math.exp(spread * random.nextGaussian());
            }
            for (float[] values : hostile(spread)) {
                Bytes target = quantized(type, values, importance);
                TensorDifference found =
                        TensorComparison.compare(source(values), target, ROWS, ROLE, true);
                assertThat(found.failure()).as("%s, spread %d", type, spread).isEmpty();
            }
            float[] wrong = ordinary(2);
            System.arraycopy(wrong, 5 * COLUMNS, wrong, 9 * COLUMNS, COLUMNS);
            Bytes target = quantized(type, wrong, importance);
            TensorDifference found =
                    TensorComparison.compare(source(ordinary(2)), target, ROWS, ROLE, true);
            assertThat(found.failure()).as("%s, spread %d", type, spread).isPresent();
        }
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void catchesARowOfAnother(DType type) {
        float[] values = ordinary(2);
        float[] wrong = values.clone();
        System.arraycopy(values, 5 * COLUMNS, wrong, 9 * COLUMNS, COLUMNS);
        TensorDifference found = compare(values, quantized(type, wrong, false));
        assertThat(found.failure()).get().asString().contains("[9, ");
        assertThat(found.worstRow()).isEqualTo(9);
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void catchesOneFlippedSignOfAScale(DType type) {
        float[] values = ordinary(3);
        Bytes target = quantized(type, values, false);
        int at = 7 * type.blockBytes() + scaleAt(type);
        target.bytes()[at + 1] ^= (byte) 0x80;
        assertThat(compare(values, target).failure()).isPresent();
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void catchesALostScale(DType type) {
        float[] values = ordinary(4);
        Bytes target = quantized(type, values, false);
        int at = 7 * type.blockBytes() + scaleAt(type);
        target.bytes()[at] = 0;
        target.bytes()[at + 1] = 0;
        assertThat(compare(values, target).failure()).isPresent();
    }

    /** Flips each bit of one block in turn: none may pass unseen unless it changes no value. */
    @ParameterizedTest
    @MethodSource("blockTypes")
    void catchesEveryFlippedBitOfABlock(DType type) {
        float[] values = ordinary(5);
        Bytes target = quantized(type, values, false);
        int block = 11 * type.blockBytes();
        int missed = 0;
        for (int bit = 0; bit < 8 * type.blockBytes(); bit++) {
            int at = block + bit / 8;
            target.bytes()[at] ^= (byte) (1 << bit % 8);
            TensorDifference found = compare(values, target);
            if (found.failure().isEmpty()) missed++;
            target.bytes()[at] ^= (byte) (1 << bit % 8);
        }
        // The last bits of an F16 scale move no code from the nearest place.
        assertThat(missed).as("%s", type).isLessThanOrEqualTo(12);
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void catchesRowsInAnotherOrder(DType type) {
        float[] values = ordinary(6);
        Tensor permuted = quantized(type, values, false);
        Tensor undone = new ReorderedTensor(permuted, RowOrder.PAIRS, RowOrder.HALVES, 3);
        TensorDifference found =
                TensorComparison.compare(source(values), undone, ROWS, ROLE, false);
        assertThat(found.failure()).isPresent();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q5_K", "Q6_K", "Q8_0"})
    void catchesValuesThatWereCoarserBefore(DType type) {
        float[] values = ordinary(7);
        Bytes first = quantized(DType.Q4_K, values, false);
        float[] coarse = new float[values.length];
        for (int row = 0; row < ROWS; row++) {
            int at = (int) (row * first.info().rowBytes());
            BlockCodecs.of(DType.Q4_K)
                    .dequantizeRow(first.bytes(), at, coarse, row * COLUMNS, COLUMNS);
        }
        assertThat(compare(values, quantized(type, coarse, false)).failure()).isPresent();
    }

    static List<DType[]> typesThroughAnother() {
        List<DType[]> all = new ArrayList<>();
        for (DType type : blockTypes()) {
            all.add(new DType[] {type, DType.BF16});
            all.add(new DType[] {type, DType.F16});
        }
        return all;
    }

    /** An F32 source, a GGUF made of it in another float type, that file quantized. */
    @ParameterizedTest
    @MethodSource("typesThroughAnother")
    void passesWhatWasRoundedOnTheWay(DType type, DType between) {
        for (boolean importance : new boolean[] {false, true}) {
            for (float[] values : List.of(ordinary(9), hostile(9).get(1))) {
                Bytes target = quantized(type, rounded(between, values), importance);
                TensorDifference found =
                        TensorComparison.compare(source(values), target, ROWS, ROLE, importance);
                assertThat(found.failure()).isEmpty();
                if (type == DType.Q8_0 && between == DType.BF16) {
                    assertThat(found.note()).get().asString().contains("rounded to " + between);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("typesThroughAnother")
    void catchesAWrongRowBesideRoundingOnTheWay(DType type, DType between) {
        float[] values = ordinary(10);
        float[] wrong = rounded(between, values);
        System.arraycopy(wrong, 5 * COLUMNS, wrong, 9 * COLUMNS, COLUMNS);
        TensorDifference found = compare(values, quantized(type, wrong, false));
        assertThat(found.failure()).isPresent();
        assertThat(found.worstRow()).isEqualTo(9);
    }

    /** Quantized by tools in another type first: fine where that had 8 bits. */
    @ParameterizedTest
    @MethodSource("blockTypes")
    void namesTheTypeOfAFileThatWasQuantizedBefore(DType type) {
        float[] values = ordinary(11);
        for (DType before : List.of(DType.Q8_0, DType.Q6_K, DType.Q4_0, DType.Q4_K)) {
            if (before == type) continue;
            float[] coarse = new float[values.length];
            byte[] blocks = quantized(before, values, false).bytes();
            BlockCodecs.of(before).dequantizeRow(blocks, 0, coarse, 0, values.length);
            TensorDifference found = compare(values, quantized(type, coarse, false));
            if (before == DType.Q8_0) {
                assertThat(found.failure()).as("%s by %s", type, before).isEmpty();
            } else {
                assertThat(found.failure()).as("%s by %s", type, before).isPresent();
            }
            // Others are more than a step away from what was, which says enough.
            if (type == DType.Q4_K && before == DType.Q4_0) {
                assertThat(found.failure()).get().asString().contains("quantized twice", "Q4_0");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("finerTypes")
    void catchesAnotherScaleOfTheWhole(DType type) {
        float[] values = ordinary(12);
        float[] larger = values.clone();
        for (int i = 0; i < larger.length; i++) larger[i] *= 1.03f;
        assertThat(compare(values, quantized(type, larger, false)).failure()).isPresent();
    }

    /** A LoRA of rank 4 that is missing, about as large as the rounding of 4 bits. */
    @ParameterizedTest
    @MethodSource("finerTypes")
    void catchesAMissingLora(DType type) {
        float[] values = ordinary(13);
        float[] merged = values.clone();
        double size = 0.15 * spread(values);
        SplittableRandom random = new SplittableRandom(17);
        for (int rank = 0; rank < 4; rank++) {
            double[] a = random.doubles(COLUMNS, -1, 1).toArray();
            double[] b = random.doubles(ROWS, -1, 1).toArray();
            for (int i = 0; i < merged.length; i++) {
                merged[i] += (float) (size * b[i / COLUMNS] * a[i % COLUMNS]);
            }
        }
        assertThat(compare(merged, quantized(type, values, false)).failure()).isPresent();
    }

    private static double spread(float[] values) {
        double squares = 0;
        for (float value : values) squares += (double) value * value;
        return Math.sqrt(squares / values.length);
    }

    private static float[] rounded(DType type, float[] values) {
        float[] result = new float[values.length];
        Scalars.widen(
                type,
                MemorySegment.ofArray(stored(type, values).bytes()),
                0,
                result,
                0,
                values.length);
        return result;
    }

    @Test
    void takesASourceOfTheSameTypeByItsBytes() {
        float[] values = ordinary(8);
        Bytes blocks = quantized(DType.Q4_K, values, false);
        TensorDifference found = TensorComparison.compare(blocks, blocks, ROWS, ROLE, false);
        assertThat(found.isExact()).isTrue();
        assertThat(found.failure()).isEmpty();
    }

    private static TensorDifference compare(float[] values, Tensor target) {
        return TensorComparison.compare(source(values), target, ROWS, ROLE, false);
    }

    private static Bytes source(float[] values) {
        Bytes stored = stored(DType.F32, values);
        return new Bytes(stored.info().withName("source"), stored.bytes());
    }

    private static Bytes stored(DType type, float[] values) {
        TensorInfo info = new TensorInfo("target", type, new Shape(ROWS, COLUMNS));
        byte[] bytes = new byte[(int) info.byteSize()];
        Scalars.narrow(type, values, 0, MemorySegment.ofArray(bytes), 0, values.length);
        return new Bytes(info, bytes);
    }

    private static Bytes quantized(DType type, float[] values, boolean withImportance) {
        SplittableRandom random = new SplittableRandom(99);
        float[] importance = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            double spread = Math.exp(2 * random.nextGaussian());
            importance[i] = random.nextInt(20) == 0 ? 0 : (float) spread;
        }
        return quantized(type, values, withImportance ? importance : null);
    }

    private static Bytes quantized(DType type, float[] values, float @Nullable [] importance) {
        TensorInfo info = new TensorInfo("target", type, new Shape(ROWS, COLUMNS));
        byte[] bytes = new byte[(int) info.byteSize()];
        BlockCodecs.of(type).quantizeRows(values, 0, ROWS, COLUMNS, importance, bytes, 0);
        return new Bytes(info, bytes);
    }

    private static float[] ordinary(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) values[i] = (float) (0.02 * random.nextGaussian());
        return values;
    }

    /** Weights that no model should have, and quantizers must take all the same. */
    private static List<float[]> hostile(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] heavy = ordinary(seed);
        float[] sparse = new float[heavy.length];
        float[] constant = new float[heavy.length];
        float[] mixed = ordinary(seed + 100);
        float[] oneSided = ordinary(seed + 200);
        float[] tiny = ordinary(seed + 300);
        for (int i = 0; i < heavy.length; i++) {
            heavy[i] *= (float) Math.exp(1.5 * random.nextGaussian());
            if (random.nextInt(50) == 0) sparse[i] = heavy[i];
            constant[i] = i / 96 % 3 == 0 ? 0.5f : -0.25f;
            mixed[i] *= (float) Math.pow(10, i / 48 % 7 - 3);
            oneSided[i] = Math.abs(oneSided[i]) + 0.1f;
            tiny[i] *= 1e-6f;
        }
        return List.of(ordinary(seed), heavy, sparse, constant, mixed, oneSided, tiny);
    }

    private static int scaleAt(DType type) {
        return switch (type) {
            case Q2_K -> 80;
            case Q3_K -> 108;
            case Q6_K -> 208;
            default -> 0;
        };
    }
}
