package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Progress;
import tk.gguf.GgufValue;
import tk.model.ModelSource;
import tk.tensor.DType;
import tk.verify.difference.MetadataDifference;
import tk.verify.difference.ModelDifference;
import tk.verify.difference.ValueDifference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class DifferenceTest {
    @TempDir Path folder;

    @Test
    void findsNothingBetweenFormatsOfOneModel() {
        TinyModel model = TinyModel.llama();
        Path hf = model.write(folder.resolve("hf"), DType.F32);
        Path meta = TinySource.META_PT.write(model, folder.resolve("meta"), DType.F32);
        Path gguf = new TinyGguf(model, DType.F32).write(folder.resolve("m.gguf"));
        for (List<Path> pair : List.of(List.of(hf, gguf), List.of(meta, gguf), List.of(hf, meta))) {
            ModelDifference found = compare(pair.getFirst(), pair.getLast());
            assertThat(found.isEqual()).as("%s: %s", pair, found).isTrue();
            assertThat(found.tensors()).hasSize(9 * TinyModel.LAYERS + 3);
        }
    }

    @Test
    void measuresOneValueAcrossFormats() {
        TinyModel model = TinyModel.llama();
        Path hf = model.write(folder.resolve("hf"), DType.F32);
        float[] query = model.weights().get("model.layers.2.self_attn.q_proj.weight");
        int row = 70;
        query[row * TinyModel.HIDDEN + 3] += 0.5f;
        Path gguf = new TinyGguf(model, DType.F32).write(folder.resolve("m.gguf"));
        ModelDifference found = compare(hf, gguf);
        List<ValueDifference> changed =
                found.tensors().stream().filter(tensor -> !tensor.isEqual()).toList();
        assertThat(changed).hasSize(1);
        ValueDifference only = changed.getFirst();
        assertThat(only.a().name()).isEqualTo("model.layers.2.self_attn.q_proj.weight");
        assertThat(only.b().name()).isEqualTo("blk.2.attn_q.weight");
        assertThat(only.changed()).isEqualTo(1);
        assertThat(only.worstRow()).isEqualTo(row);
        assertThat(only.maxAbs().orElseThrow()).isCloseTo(0.5, within(1e-6));
        assertThat(only.rmse().orElseThrow())
                .isCloseTo(0.5 / Math.sqrt(query.length), within(1e-8));
        double energy = 0;
        for (float value : query) energy += (double) value * value;
        assertThat(only.nmse().orElseThrow()).isCloseTo(0.25 / energy, within(0.02 / energy));
    }

    @Test
    void tellsSettingsByTheirMeaning() {
        TinyModel model = TinyModel.llama();
        Path hf = model.write(folder.resolve("hf"), DType.F32);
        TinyGguf gguf = new TinyGguf(model, DType.F32);
        gguf.set("rope.freq_base", GgufValue.f32(500000));
        ModelDifference found = compare(hf, gguf.write(folder.resolve("m.gguf")));
        assertThat(found.metadata())
                .containsExactly(
                        new MetadataDifference(
                                "rope_theta | llama.rope.freq_base",
                                Optional.of("10000"),
                                Optional.of("500000")));
        assertThat(found.isEqual()).isFalse();
    }

    @Test
    void tellsKeysOfTheSameFormat() {
        TinyModel model = TinyModel.llama();
        TinyModel other =
                TinyModel.of(
                        "LlamaForCausalLM", model.vocabulary(), Map.of("rms_norm_eps", 1e-6), 1);
        ModelDifference folders =
                compare(
                        model.write(folder.resolve("a"), DType.F32),
                        other.write(folder.resolve("b"), DType.F32));
        assertThat(folders.metadata())
                .extracting(MetadataDifference::key)
                .containsExactly("rms_norm_eps");

        TinyGguf changed = new TinyGguf(model, DType.F32);
        changed.put("general.name", GgufValue.text("another"));
        changed.pieces.set(9, new TinyVocabulary.Piece("⁂", -3, tk.tokenizer.TokenType.NORMAL));
        ModelDifference files =
                compare(
                        new TinyGguf(model, DType.F32).write(folder.resolve("a.gguf")),
                        changed.write(folder.resolve("b.gguf")));
        assertThat(files.metadata())
                .extracting(MetadataDifference::key)
                .contains("general.name", "tokenizer.ggml.tokens");
        MetadataDifference tokens =
                files.metadata().stream()
                        .filter(key -> key.key().equals("tokenizer.ggml.tokens"))
                        .findFirst()
                        .orElseThrow();
        assertThat(tokens.b().orElseThrow()).contains("[9] ⁂");
    }

    @Test
    void tellsAnotherTokenAcrossFormats() {
        TinyModel model = TinyModel.llama();
        Path hf = model.write(folder.resolve("hf"), DType.F32);
        TinyGguf changed = new TinyGguf(model, DType.F32);
        changed.pieces.set(9, new TinyVocabulary.Piece("⁂", -3, tk.tokenizer.TokenType.NORMAL));
        ModelDifference found = compare(hf, changed.write(folder.resolve("m.gguf")));
        assertThat(found.isEqual()).isFalse();
        assertThat(found.metadata())
                .filteredOn(key -> key.key().equals("tokens"))
                .singleElement()
                .satisfies(key -> assertThat(key.b().orElseThrow()).contains("[9] ⁂"));
    }

    @Test
    void saysWhichModelHasNoVocabularyToCompare() throws IOException {
        TinyModel model = TinyModel.llama();
        Path hf = model.write(folder.resolve("hf"), DType.F32);
        Path bare = model.write(folder.resolve("bare"), DType.F32);
        Files.delete(bare.resolve("tokenizer.model"));
        assertThat(compare(hf, bare).notes()).anyMatch(note -> note.contains("B has none"));
    }

    @Test
    void measuresWhatQuantizationThrewAway() {
        TinyModel model = TinyModel.llama();
        ModelDifference found =
                compare(
                        model.write(folder.resolve("hf"), DType.F32),
                        new TinyGguf(model, DType.Q4_0).write(folder.resolve("m.gguf")));
        assertThat(found.onlyInA()).isEmpty();
        for (ValueDifference tensor : found.tensors()) {
            if (tensor.b().dtype() == DType.F32) assertThat(tensor.isEqual()).isTrue();
            else assertThat(tensor.nmse().orElseThrow()).isBetween(1e-4, 2e-2);
        }
    }

    @Test
    void holdsAHeadOfItsOwnToTheEmbeddingOfAModelWithout() {
        TinyModel model =
                TinyModel.of(
                        "LlamaForCausalLM",
                        TinyModel.llama().vocabulary(),
                        Map.of("tie_word_embeddings", true),
                        1);
        TinyGguf gguf = new TinyGguf(model, DType.F32);
        gguf.values.put("output.weight", gguf.values.get("token_embd.weight"));
        gguf.shapes.put("output.weight", gguf.shapes.get("token_embd.weight"));
        ModelDifference found =
                compare(
                        model.write(folder.resolve("hf"), DType.F32),
                        gguf.write(folder.resolve("m.gguf")));
        assertThat(found.isEqual()).isTrue();
        assertThat(found.notes()).containsExactly("the head of A is its embedding");
    }

    private static ModelDifference compare(Path a, Path b) {
        try (ModelSource x = ModelSource.open(a, ModelSource.Options.NONE);
                ModelSource y = ModelSource.open(b, ModelSource.Options.NONE)) {
            return ModelDifference.of(x, y, 2, Progress.NONE);
        }
    }
}
