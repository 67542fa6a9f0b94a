package tk.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Many values at once become what each becomes alone, wherever they lie. */
class ScalarsTest {
    private static final int COUNT = 1 << 16;

    private static short one(DType type, float value) {
        return type == DType.F16 ? Scalars.toF16(value) : Scalars.toBf16(value);
    }

    private static float one(DType type, short bits) {
        return type == DType.F16 ? Scalars.fromF16(bits) : Scalars.fromBf16(bits);
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void everyValueWidensAsItDoesAlone(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stored = arena.allocate(2L * COUNT + 1);
            for (int i = 0; i < COUNT; i++) stored.set(Scalars.LE_SHORT, 1 + 2L * i, (short) i);
            for (int length : new int[] {COUNT, COUNT - 1, 3, 1, 0}) {
                float[] values = new float[COUNT + 1];
                Scalars.widen(type, stored, 1, values, 1, length);
                for (int i = 0; i < COUNT; i++) {
                    int expected = i < length ? Float.floatToRawIntBits(one(type, (short) i)) : 0;
                    assertThat(Float.floatToRawIntBits(values[i + 1])).isEqualTo(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void anyValueNarrowsAsItDoesAlone(DType type) {
        Random random = new Random(1);
        for (boolean withNan : new boolean[] {false, true}) {
            float[] values = new float[COUNT];
            for (int i = 0; i < COUNT; i++) {
                int bits = i < 4096 ? i * 0x80000 + random.nextInt(3) - 1 : random.nextInt();
                float value = Float.intBitsToFloat(bits);
                values[i] = Float.isNaN(value) && !withNan ? Float.POSITIVE_INFINITY : value;
            }
            byte[] bytes = new byte[2 * COUNT + 1];
            MemorySegment narrowed = MemorySegment.ofArray(bytes);
            Scalars.narrow(type, values, 3, narrowed, 1, COUNT - 6);
            assertThat(bytes[0]).isZero();
            for (int i = 0; i < COUNT - 6; i++) {
                assertThat(narrowed.get(Scalars.LE_SHORT, 1 + 2L * i))
                        .isEqualTo(one(type, values[3 + i]));
            }
            assertThat(narrowed.get(Scalars.LE_SHORT, 1 + 2L * (COUNT - 6))).isZero();
            if (withNan) continue;
            byte[] numbers = new byte[bytes.length];
            Scalars.narrowNumbers(type, values, 3, MemorySegment.ofArray(numbers), 1, COUNT - 6);
            assertThat(numbers).isEqualTo(bytes);
        }
    }

    @Test
    void theLargestMagnitudeIsThatOfInfinityAndNanToo() {
        float[] values = {9, 1, -3, 2, 8};
        assertThat(Scalars.largestMagnitude(values, 1, 3)).isEqualTo(Float.floatToRawIntBits(3));
        values[2] = Float.NEGATIVE_INFINITY;
        assertThat(Scalars.largestMagnitude(values, 1, 3)).isEqualTo(0x7f800000);
        values[3] = Float.NaN;
        assertThat(Scalars.largestMagnitude(values, 1, 3)).isEqualTo(0x7fc00000);
        assertThat(Scalars.largestMagnitude(values, 1, 0)).isZero();
    }
}
