package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.tensor.DType;

import java.util.Arrays;

class GgmlTypeTest {
    @Test
    void codesAreDistinctAndFoundAgain() {
        assertThat(GgmlType.values()).extracting(GgmlType::code).doesNotHaveDuplicates();
        for (GgmlType type : GgmlType.values()) {
            assertThat(GgmlType.ofCode(type.code())).contains(type);
            type.dtype().ifPresent(dtype -> assertThat(GgmlType.of(dtype)).contains(type));
        }
        assertThat(GgmlType.ofCode(-1)).isEmpty();
        assertThat(GgmlType.ofCode(43)).isEmpty();
    }

    @Test
    void everyBlockTypeHasACode() {
        assertThat(Arrays.stream(DType.values()).filter(DType::isBlock))
                .allMatch(dtype -> GgmlType.of(dtype).isPresent());
    }
}
