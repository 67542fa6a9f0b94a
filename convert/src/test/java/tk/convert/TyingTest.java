package tk.convert;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.Shape;
import tk.tensor.SourceFile;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;

class TyingTest {
    private static final Shape SHAPE = new Shape(100, 8);

    @TempDir Path folder;

    private static Tensor random(String name, long seed) {
        return TinyModel.random(name, DType.BF16, SHAPE, new Random(seed));
    }

    @Test
    void oneStorageUnderTwoNamesIsTied() throws IOException {
        Path file = Files.write(folder.resolve("storage"), new byte[1600]);
        try (SourceFile source = SourceFile.open(file)) {
            FileRegion region = new FileRegion(source, 0, 1600);
            Tensor embedding = new StoredTensor(new TensorInfo("embed", DType.BF16, SHAPE), region);
            Tensor head = new StoredTensor(new TensorInfo("head", DType.BF16, SHAPE), region);
            assertThat(Tying.of(embedding, Optional.of(head))).isEqualTo(Tying.SAME_STORAGE);
        }
    }

    @Test
    void equalCopiesAreTied() {
        assertThat(Tying.of(random("embed", 1), Optional.of(random("head", 1))))
                .isEqualTo(Tying.EQUAL_BYTES);
    }

    @Test
    void aSingleDifferentBitUnties() {
        TinyModel.InMemory head = (TinyModel.InMemory) random("head", 1);
        head.bytes()[1599] ^= 1;
        assertThat(Tying.of(random("embed", 1), Optional.of(head))).isEqualTo(Tying.UNTIED);
    }

    @Test
    void anotherTypeOrShapeIsNotTied() {
        Tensor head = TinyModel.random("head", DType.F32, SHAPE, new Random(1));
        assertThat(Tying.of(random("embed", 1), Optional.of(head)).isTied()).isFalse();
    }

    @Test
    void withoutAHeadTheEmbeddingServes() {
        assertThat(Tying.of(random("embed", 1), Optional.empty())).isEqualTo(Tying.ABSENT);
        assertThat(Tying.ABSENT.isTied()).isTrue();
    }
}
