package tk.convert.lora;

import tk.checkpoint.TensorMap;
import tk.convert.FamilyTable;
import tk.convert.HfModel;
import tk.convert.TensorRule;
import tk.convert.Tying;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.RefusedTensor;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The parameters of a base, as an adapter sees them.
 *
 * @param model the base; of a tied one the head is left out
 * @param tied whether the head is the embedding
 * @param shapes of all parameters by Hugging Face name, a tied head's among them
 */
record BaseModules(HfModel model, boolean tied, SequencedMap<String, Shape> shapes) {
    static final String EMBEDDING = "model.embed_tokens";
    static final String HEAD = "lm_head";
    static final String WEIGHT = ".weight";
    static final String BIAS = ".bias";

    /**
     * The parameters of a model.
     *
     * @param saysTied what its own configuration says; a model whose configuration does not tie
     *     them has embedding and head apart, be they equal or not
     */
    static BaseModules of(HfModel model, boolean saysTied) {
        boolean stored = model.weights().tensors().containsKey(HEAD + WEIGHT);
        boolean tied = !stored || saysTied && model.tying().isTied();
        HfModel single = tied ? model.withoutTiedHead() : model;
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        single.weights().tensors().forEach((name, t) -> shapes.put(name, t.info().shape()));
        Shape embedding = shapes.get(EMBEDDING + WEIGHT);
        if (tied && embedding != null) shapes.put(HEAD + WEIGHT, embedding);
        return new BaseModules(single, tied, shapes);
    }

    /** The parameters that a configuration stands for, where there are no weights to look at. */
    static BaseModules of(FamilyTable family, ModelConfig config) {
        List<Tensor> tensors = new ArrayList<>();
        for (TensorRule rule : family.tensors()) {
            boolean there =
                    switch (rule.presence()) {
                        case REQUIRED -> true;
                        case ATTENTION_BIAS -> config.attentionBias();
                        case MLP_BIAS -> config.mlpBias();
                        case UNTIED_HEAD -> !config.tiedEmbeddings();
                    };
            for (int layer = 0;
                    there && layer < (rule.isPerLayer() ? config.layers() : 1);
                    layer++) {
                tensors.add(
                        new RefusedTensor(
                                new TensorInfo(rule.hfName(layer), DType.F32, rule.shape(config)),
                                "is known by its shape alone"));
            }
        }
        Tying tying = config.tiedEmbeddings() ? Tying.ABSENT : Tying.UNTIED;
        TensorMap weights = new TensorMap(tensors, Map.of(), List.of());
        return of(new HfModel(family, config, weights, tying, List.of(), List.of()), false);
    }

    /** Paths of the linear layers and the embedding: what can have a LoRA. */
    List<String> matrices() {
        return shapes.entrySet().stream()
                .filter(e -> e.getKey().endsWith(WEIGHT) && e.getValue().rank() == 2)
                .map(e -> module(e.getKey()))
                .toList();
    }

    /** The path of the module that a parameter belongs to. */
    static String module(String parameter) {
        return parameter.substring(0, parameter.lastIndexOf('.'));
    }

    /** The name of the other one of embedding and head. */
    static Optional<String> partner(String parameter) {
        return switch (parameter) {
            case EMBEDDING + WEIGHT -> Optional.of(HEAD + WEIGHT);
            case HEAD + WEIGHT -> Optional.of(EMBEDDING + WEIGHT);
            default -> Optional.empty();
        };
    }

    /** The tensor that holds a parameter's values. */
    Optional<Tensor> tensor(String parameter) {
        String stored = tied && parameter.equals(HEAD + WEIGHT) ? EMBEDDING + WEIGHT : parameter;
        return Optional.ofNullable(model.weights().tensors().get(stored));
    }
}
