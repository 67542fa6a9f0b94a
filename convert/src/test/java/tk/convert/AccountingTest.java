package tk.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

class AccountingTest {
    private static final ModelConfig LLAMA = TinyModel.config("LlamaForCausalLM");

    @TempDir Path folder;

    private static Accounting account(List<Tensor> tensors, ModelConfig config, KeyMap keys) {
        return Accounting.of(
                "model.pt",
                TinyModel.checkpoint(tensors),
                FamilyTables.of(config.architecture()),
                config,
                keys);
    }

    private static Accounting account(List<Tensor> tensors) {
        return account(tensors, LLAMA, KeyMap.NONE);
    }

    private static List<Tensor> llama() {
        return new ArrayList<>(TinyModel.tensors(Llama.TABLE, LLAMA, name -> name));
    }

    static Stream<FamilyTable> families() {
        return FamilyTables.all().stream();
    }

    @ParameterizedTest
    @MethodSource("families")
    void accountsForEveryTensorOfEveryFamily(FamilyTable family) {
        ModelConfig config =
                TinyModel.config(
                        family.family().architecture(),
                        Map.of("attention_bias", true, "mlp_bias", true));
        List<Tensor> tensors = TinyModel.tensors(family, config, name -> name);
        Accounting accounting = account(tensors, config, KeyMap.NONE);
        assertThat(accounting.used()).hasSize(tensors.size());
        assertThat(accounting.ignored()).isEmpty();
        assertThat(accounting.dialect().rotary()).isEqualTo(Dialect.Rotary.HALVES);
        Shapes.check("model.pt", accounting, config);
    }

    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
                    '', '', ''
                    'model.', 'model.model.', 'model.'
                    'model.', '', ''
                    'model.', 'transformer.', ''
                    'model.', 'net.llm.model.', 'net.llm.'
                    'model.', 'wrapped.', 'wrapped.'
                    """)
    void findsTheModelBehindAnyPrefix(String cut, String body, String head) {
        List<Tensor> tensors =
                TinyModel.tensors(
                        Llama.TABLE,
                        LLAMA,
                        name ->
                                name.startsWith("lm_head")
                                        ? head + name
                                        : body + name.substring(cut.length()));
        assertThat(account(tensors).used().keySet())
                .containsExactlyElementsOf(
                        llama().stream().map(tensor -> tensor.info().name()).toList());
    }

    @Test
    void translatesMetasNames() {
        List<Tensor> tensors =
                TinyModel.tensors(Llama.TABLE, LLAMA, name -> ownName(Dialect.META, name));
        Accounting accounting = account(tensors);
        assertThat(accounting.dialect()).isEqualTo(Dialect.META);
        assertThat(accounting.used()).hasSize(tensors.size());
        assertThat(
                        accounting
                                .used()
                                .get("model.layers.1.mlp.up_proj.weight")
                                .tensor()
                                .info()
                                .name())
                .isEqualTo("layers.1.feed_forward.w3.weight");
    }

    @Test
    void translatesTorchtunesNames() {
        List<Tensor> tensors =
                TinyModel.tensors(Llama.TABLE, LLAMA, name -> ownName(Dialect.TORCHTUNE, name));
        assertThat(account(tensors).dialect()).isEqualTo(Dialect.TORCHTUNE);
    }

    private static String ownName(Dialect dialect, String hf) {
        LayerName layered = LayerName.of(hf);
        return dialect.hfNames().entrySet().stream()
                .filter(entry -> entry.getValue().equals(layered.template()))
                .map(entry -> layered.in(entry.getKey()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void leavesOutBuffersByName() {
        List<Tensor> tensors = llama();
        Random random = new Random(1);
        for (String name :
                List.of(
                        "model.layers.0.self_attn.rotary_emb.inv_freq",
                        "rope.freqs",
                        "model.layers.1.self_attn.masked_bias",
                        "freqs_cis",
                        "layers.0.attention.rope.inv_freq",
                        "rotary.cos_cached")) {
            tensors.add(TinyModel.random(name, DType.F32, new Shape(3), random));
        }
        tensors.add(
                TinyModel.random(
                        "model.layers.0.attn.bias", DType.F32, new Shape(1, 1, 4, 4), random));
        tensors.add(
                TinyModel.random(
                        "model.layers.0.self_attn.bias", DType.F32, new Shape(4, 4), random));
        tensors.add(
                TinyModel.random(
                        "model.layers.1.self_attn.mask", DType.F32, new Shape(4, 4), random));
        tensors.add(TinyModel.random("tril", DType.F32, new Shape(4, 4), random));
        tensors.add(
                TinyModel.random(
                        "layers.0.attention.cache_k", DType.F32, new Shape(1, 4, 2, 8), random));
        Accounting accounting = account(tensors);
        assertThat(accounting.ignored())
                .hasSize(11)
                .containsEntry("layers.0.attention.cache_k", "keys of earlier tokens")
                .containsEntry("model.layers.1.self_attn.mask", "causal mask")
                .containsEntry("rope.freqs", "rotary frequencies")
                .containsEntry("model.layers.0.attn.bias", "causal mask");
    }

    @Test
    void saysThatProjectionsInOneMatrixMustBeCut() {
        List<Tensor> tensors = llama();
        tensors.removeIf(tensor -> tensor.info().name().contains(".self_attn.q_proj"));
        tensors.add(
                TinyModel.random(
                        "model.layers.0.self_attn.qkv_proj.weight",
                        DType.F32,
                        new Shape(32, 16),
                        new Random(1)));
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e ->
                                assertThat(e.hint())
                                        .contains("qkv_proj.weight` holds several projections")
                                        .contains("torch.split"));
    }

    @Test
    void aKeyMapRenamesACheckpoint() {
        Random random = new Random(1);
        List<Tensor> tensors =
                List.of(
                        TinyModel.random("blocks.3.q", DType.F32, new Shape(2), random),
                        TinyModel.random("step", DType.F32, new Shape(2), random),
                        TinyModel.random("kept", DType.F32, new Shape(2), random));
        KeyMap map =
                new KeyMap(
                        Map.of(
                                "blocks.{n}.q",
                                Optional.of("model.layers.{n}.self_attn.q_proj.weight"),
                                "step",
                                Optional.empty()));
        try (TensorMap checkpoint = new TensorMap(tensors, Map.of(), List.of())) {
            assertThat(map.applied(checkpoint).tensors().keySet())
                    .containsExactly("model.layers.3.self_attn.q_proj.weight", "kept");
        }
    }

    @Test
    void aProjectionsBiasIsNoMask() {
        List<Tensor> tensors = llama();
        tensors.add(
                TinyModel.random(
                        "model.layers.0.attn.bias", DType.F32, new Shape(16), new Random(1)));
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("model.layers.0.attn.bias");
    }

    @Test
    void listsMissingBesideTheNearestUnexpectedName() {
        List<Tensor> tensors = llama();
        tensors.replaceAll(
                tensor ->
                        tensor.info().name().equals("model.layers.1.mlp.gate_proj.weight")
                                ? RenamedTensor.of("model.layers.1.mlp.gate_prj.weight", tensor)
                                : tensor);
        tensors.add(TinyModel.f32("step", new Shape(1), 3));
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOf(MalformedException.class)
                .hasMessageStartingWith(
                        "model.pt: 1 tensors missing, 2 unexpected for LlamaForCausalLM with 2 layers\n")
                .hasMessageContaining(
                        "  model.layers.1.mlp.gate_proj.weight  model.layers.1.mlp.gate_prj.weight\n")
                .hasMessageEndingWith(" step");
    }

    @Test
    void aListOfThousandsStaysShort() {
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            tensors.add(TinyModel.f32("stuff." + i + "x".repeat(i % 300), new Shape(1), 0));
        }
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOf(MalformedException.class)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSizeLessThan(40))
                .hasMessageContaining("5000 unexpected");
    }

    @Test
    void tellsTheNumberOfLayersOnBothSides() {
        List<Tensor> tensors = llama();
        tensors.removeIf(tensor -> tensor.info().name().startsWith("model.layers.1."));
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOf(MalformedException.class)
                .hasMessage(
                        "model.pt: the tensors are of 1 layers, the config says num_hidden_layers 2");
    }

    @Test
    void refusesTwoTensorsOfOneName() {
        List<Tensor> tensors = llama();
        tensors.add(TinyModel.f32("model.lm_head.weight", new Shape(1), 0));
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("`lm_head.weight` and `model.lm_head.weight` are both");
    }

    @Test
    void aHeadMayBeAbsentUnlessTheConfigDeniesTying() {
        List<Tensor> tensors = llama();
        tensors.removeIf(tensor -> tensor.info().name().equals("lm_head.weight"));
        assertThatThrownBy(() -> account(tensors))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("lm_head.weight");
        ModelConfig tied =
                TinyModel.config("LlamaForCausalLM", Map.of("tie_word_embeddings", true));
        assertThat(account(tensors, tied, KeyMap.NONE).used()).hasSize(tensors.size());
    }

    @Test
    void usesBiasesThatTheConfigForgot() {
        ModelConfig biased = TinyModel.config("LlamaForCausalLM", Map.of("mlp_bias", true));
        List<Tensor> tensors = TinyModel.tensors(Llama.TABLE, biased, name -> name);
        Accounting accounting = account(tensors);
        assertThat(accounting.used()).containsKey("model.layers.1.mlp.up_proj.bias");
        assertThat(accounting.notes()).hasSize(3).first().asString().contains("mlp_bias=false");
    }

    @Test
    void aKeyMapNamesWhatNoDialectKnows() throws IOException {
        Path file = folder.resolve("keys.json");
        Files.writeString(
                file,
                """
                {"h.{n}.q": "model.layers.{n}.self_attn.q_proj.weight", "step": null}
                """);
        List<Tensor> tensors = llama();
        tensors.replaceAll(
                tensor -> {
                    String name = tensor.info().name();
                    return name.endsWith("q_proj.weight")
                            ? RenamedTensor.of("h." + name.charAt(13) + ".q", tensor)
                            : tensor;
                });
        tensors.add(TinyModel.f32("step", new Shape(1), 3));
        Accounting accounting = account(tensors, LLAMA, KeyMap.read(file));
        assertThat(accounting.used().get("model.layers.1.self_attn.q_proj.weight").layer())
                .isEqualTo(1);
        assertThat(accounting.ignored()).containsOnlyKeys("step");
    }

    @Test
    void tellsAShapeAndTheConfigsNumber() {
        List<Tensor> tensors = llama();
        tensors.replaceAll(
                tensor ->
                        tensor.info().name().equals("model.layers.0.self_attn.k_proj.weight")
                                ? TinyModel.random(
                                        tensor.info().name(),
                                        DType.F32,
                                        new Shape(24, 16),
                                        new Random(1))
                                : tensor);
        assertThatThrownBy(() -> Shapes.check("model.pt", account(tensors), LLAMA))
                .isInstanceOf(MalformedException.class)
                .hasMessage(
                        "model.pt: tensor `model.layers.0.self_attn.k_proj.weight` has shape [24, 16],"
                                + " the config says [12, 16] (num_key_value_heads 2 x head_dim 6)");
    }

    @Test
    void refusesWeightsThatNeedScales() {
        List<Tensor> tensors = llama();
        tensors.replaceAll(
                tensor ->
                        tensor.info().name().endsWith("v_proj.weight")
                                ? new TinyModel.InMemory(
                                        tensor.info().withDType(DType.F8_E4M3), new byte[12 * 16])
                                : tensor);
        assertThatThrownBy(() -> Shapes.check("model.pt", account(tensors), LLAMA))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("F8_E4M3");
    }

    @Test
    void refusesAnUnknownFamilyByName() {
        assertThatThrownBy(() -> FamilyTables.of("GPT2LMHeadModel"))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("GPT2LMHeadModel")
                .hasMessageContaining("Qwen3ForCausalLM");
    }
}
