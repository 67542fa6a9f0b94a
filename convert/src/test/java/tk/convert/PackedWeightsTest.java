package tk.convert;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tk.error.UnsupportedException;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What bitsandbytes and others leave in a folder is called by its name. */
final class PackedWeightsTest {
    private static final String Q = "model.layers.1.self_attn.q_proj";

    private static void refused(String words, String... beside) {
        ModelConfig config = TinyModel.config("LlamaForCausalLM");
        List<Tensor> tensors =
                new ArrayList<>(
                        TinyModel.tensors(FamilyTables.of("LlamaForCausalLM"), config, n -> n));
        for (String name : beside) {
            tensors.add(TinyModel.random(name, DType.F32, new Shape(24), new Random(1)));
        }
        assertThatThrownBy(
                        () ->
                                HfModel.of(
                                        "base", TinyModel.checkpoint(tensors), config, KeyMap.NONE))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContainingAll("base: ", words, beside[0]);
    }

    @Test
    void eightBitsByTheirScales() {
        refused(
                "2 weights are packed by bitsandbytes in 8 bits",
                Q + ".SCB",
                "model.layers.1.self_attn.k_proj.SCB");
    }

    @Test
    void fourBitsByTheirMaxima() {
        refused("1 weights are packed by bitsandbytes in 4 bits", Q + ".weight.absmax");
        refused("bitsandbytes in 4 bits", Q + ".weight.quant_map");
        refused("bitsandbytes in 4 bits (NF4)", Q + ".weight.quant_state.bitsandbytes__nf4");
        refused("bitsandbytes in 4 bits (FP4)", Q + ".weight.quant_state.bitsandbytes__fp4");
    }

    @Test
    void gptqAndAwq() {
        refused("GPTQ or AWQ", Q + ".qweight");
    }
}
