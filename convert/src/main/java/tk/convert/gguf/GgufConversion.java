package tk.convert.gguf;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.convert.CastTensor;
import tk.convert.Dialect.Rotary;
import tk.convert.FamilyTable;
import tk.convert.FamilyTable.Trait;
import tk.convert.HfModel;
import tk.convert.RotaryRows;
import tk.convert.TensorRule;
import tk.convert.TensorRule.Rotation;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.hf.ModelConfig;
import tk.hf.RopeScaling;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A model as a GGUF file will hold it: the keys and tensors that convert_hf_to_gguf writes, in its
 * order, so that the whole file compares equal.
 *
 * @param metadata every key
 * @param weights under GGUF names and in file order, permuted and cast as they are read
 * @param notes what a person should be told
 */
public record GgufConversion(GgufMetadata metadata, Checkpoint weights, List<String> notes) {
    /** Copies the list. */
    public GgufConversion {
        notes = List.copyOf(notes);
    }

    /**
     * How to convert.
     *
     * @param type of the matrices
     * @param name in place of the one found
     * @param order of the tensors
     * @param encoder makes Q8_0 of a tensor; only where that type is asked for
     */
    public record Options(
            OutType type, Optional<String> name, TensorOrder order, Optional<Encoder> encoder) {}

    /** Encodes a scalar tensor as blocks, lazily. */
    @FunctionalInterface
    public interface Encoder {
        /** {@code tensor} in {@code type}. */
        Tensor encode(Tensor tensor, DType type);
    }

    /**
     * Plans the conversion; nothing is read yet.
     *
     * @throws UnsupportedException where llama.cpp cannot express the model
     */
    public static GgufConversion of(
            HfModel model,
            ModelOrigin origin,
            Consumer<GgufMetadata.Builder> vocabulary,
            Options options) {
        FamilyTable table = model.table();
        ModelConfig config = model.config();
        if (config.attentionBias() && table.traits().contains(Trait.NO_ATTENTION_BIASES)) {
            throw new UnsupportedException(
                    "attention_bias is not supported for %s: llama.cpp has no place for the biases there, and loads no file that has them"
                            .formatted(table.family().architecture()),
                    "Convert to a Hugging Face folder instead, or train without attention biases.");
        }
        List<String> notes = new ArrayList<>(model.notes());
        notes.addAll(origin.notes());
        config.slidingWindow()
                .filter(window -> window < config.maxPositions())
                .ifPresent(window -> notes.add(windowless(window)));
        List<Tensor> tensors = new ArrayList<>(ropeTensors(table, config, notes));
        List<Tensor> ordered = options.order().of(model.weights());
        DType matrices = matrixType(ordered, options.type());
        for (Tensor tensor : ordered) tensors.add(converted(tensor, table, config, options));
        long parameters = 0;
        for (Tensor tensor : tensors) {
            parameters = Math.addExact(parameters, tensor.info().shape().elements());
        }
        GgufMetadata.Builder builder = GgufMetadata.builder();
        builder.put("general.architecture", GgufValue.text(table.ggufArchitecture()));
        builder.put("general.type", GgufValue.text("model"));
        GeneralMetadata.put(builder, origin, options.name(), parameters);
        ModelParameters.put(builder, table, config, OutType.fileType(matrices));
        vocabulary.accept(builder);
        return new GgufConversion(
                builder.build(), TensorMap.replacing(model.weights(), tensors), notes);
    }

    private static String windowless(int window) {
        return "sliding_window %d: llama.cpp attends to all positions in this architecture; up to %d positions the model is the same"
                .formatted(window, window);
    }

    private static List<Tensor> ropeTensors(
            FamilyTable table, ModelConfig config, List<String> notes) {
        boolean ownTensors = table.traits().contains(Trait.VOCAB_SIZE_AND_ROPE_DIMENSION);
        return switch (config.rope().scaling()) {
            case RopeScaling.None ignored -> List.of();
            case RopeScaling.Linear ignored -> List.of();
            case RopeScaling.Yarn yarn -> {
                if (hasOwnSettings(yarn)) {
                    notes.add(
                            "rope scaling \"yarn\" with attention_factor or betas of its own: written as convert_hf_to_gguf does, but llama.cpp may not read them and compute with its defaults");
                }
                yield List.of();
            }
            case RopeScaling.Dynamic ignored -> {
                notes.add(
                        "rope scaling \"dynamic\": llama.cpp has none; up to %d positions the model is the same, beyond them it is not scaled"
                                .formatted(config.maxPositions()));
                yield List.of();
            }
            case RopeScaling.Llama3 llama3 -> {
                if (!ownTensors) throw unscalable(table, "llama3");
                yield List.of(
                        TableTensor.of(
                                "rope_freqs.weight",
                                RopeFactors.of(llama3, config.rope().theta(), config.headDim())));
            }
            case RopeScaling.LongRope longRope -> {
                if (!ownTensors) throw unscalable(table, "longrope");
                notes.add(
                        "rope scaling \"longrope\": written with its factors, which convert_hf_to_gguf leaves out");
                yield List.of(
                        TableTensor.of(
                                "rope_factors_long.weight", LongRope.floats(longRope.longFactor())),
                        TableTensor.of(
                                "rope_factors_short.weight",
                                LongRope.floats(longRope.shortFactor())));
            }
        };
    }

    /** Seen in llama.cpp: without effect on the logits, whatever the keys say. */
    private static boolean hasOwnSettings(RopeScaling.Yarn yarn) {
        double usual = yarn.factor() <= 1 ? 1 : 0.1 * Math.log(yarn.factor()) + 1;
        return yarn.betaFast() != 32
                || yarn.betaSlow() != 1
                || Math.abs(yarn.attentionFactor().orElse(usual) - usual) > 1e-6;
    }

    private static UnsupportedException unscalable(FamilyTable table, String type) {
        return new UnsupportedException(
                "rope scaling \"%s\" is not supported for %s: llama.cpp has no place for it there"
                        .formatted(type, table.family().architecture()),
                "Supported there: linear, yarn.");
    }

    private static DType matrixType(List<Tensor> tensors, OutType type) {
        return switch (type) {
            case F32 -> DType.F32;
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case Q8_0 -> DType.Q8_0;
            case KEEP ->
                    tensors.stream()
                            .map(Tensor::info)
                            .filter(info -> info.shape().rank() >= 2)
                            .map(GgufConversion::kept)
                            .findFirst()
                            .orElse(DType.F32);
        };
    }

    private static DType kept(TensorInfo info) {
        return info.dtype() == DType.F64 ? DType.F32 : info.dtype();
    }

    private static Tensor converted(
            Tensor tensor, FamilyTable table, ModelConfig config, Options options) {
        TensorRule rule = table.ruleOf(tensor.info().name());
        Tensor rows =
                table.interleaved() && rule.rotation() != Rotation.NONE
                        ? RotaryRows.of(tensor, rule.heads(config), Rotary.PAIRS)
                        : tensor;
        String name = rule.ggufName(table.layerOf(tensor.info().name()));
        return RenamedTensor.of(name, typed(rows, name, options));
    }

    private static Tensor typed(Tensor tensor, String name, Options options) {
        TensorInfo info = tensor.info();
        boolean matrix =
                info.shape().rank() >= 2
                        && name.endsWith(".weight")
                        && !name.endsWith("_norm.weight");
        if (!matrix) return CastTensor.of(tensor, DType.F32);
        return switch (options.type()) {
            case F32 -> CastTensor.of(tensor, DType.F32);
            case F16 -> CastTensor.of(tensor, DType.F16);
            case BF16 -> CastTensor.of(tensor, DType.BF16);
            case KEEP -> CastTensor.of(tensor, kept(info));
            case Q8_0 ->
                    info.shape().columns() % DType.Q8_0.blockSize() == 0
                            ? options.encoder()
                                    .orElseThrow(
                                            () ->
                                                    new IllegalArgumentException(
                                                            "Q8_0 without an encoder"))
                                    .encode(tensor, DType.Q8_0)
                            : CastTensor.of(tensor, DType.F16);
        };
    }
}
