package tk.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.foreign.MemorySegment;

class ScratchTest {
    @Test
    void nestsAndIsUsedAgain() {
        MemorySegment first;
        try (Scratch outer = Scratch.borrow(100);
                Scratch inner = Scratch.borrow(100)) {
            first = outer.segment();
            assertThat(inner.segment().asOverlappingSlice(first)).isEmpty();
            assertThat(first.address() % 64).isZero();
        }
        try (Scratch again = Scratch.borrow(50_000)) {
            assertThat(again.segment().byteSize()).isEqualTo(50_000);
            assertThat(again.segment().address()).isEqualTo(first.address());
        }
    }

    @Test
    void liesInItsLineAsTheTargetDoes() {
        try (Scratch scratch = Scratch.forWriting(1 << 20, 123_456_789)) {
            assertThat(scratch.segment().address() % 64).isEqualTo(123_456_789 % 64);
            assertThat(scratch.segment().byteSize()).isEqualTo(1 << 20);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0", "0,56", "8,0", "4090,0", "4090,10", "100,8196", "5000000000,64", "63,62"})
    void neverBeginsALittleBehindItsSource(long from, long to) {
        try (Scratch scratch = Scratch.forCopying(64 << 10, from, to)) {
            long address = scratch.segment().address();
            assertThat(address % 64).isEqualTo(to % 64);
            assertThat(Math.floorMod(address - from, 4096L))
                    .satisfiesAnyOf(
                            behind -> assertThat(behind).isZero(),
                            behind -> assertThat(behind).isGreaterThanOrEqualTo(64));
            assertThat(scratch.segment().byteSize()).isEqualTo(64 << 10);
        }
    }
}
