package tk.convert;

import tk.convert.Accounting.Used;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.RefusedTensor;
import tk.tensor.Shape;
import tk.tensor.TensorInfo;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Checks tensors against the configuration: whatever differs is told with both numbers. */
final class Shapes {
    private Shapes() {}

    /**
     * Checks every tensor that is used.
     *
     * @param place what to call the checkpoint in errors
     * @throws MalformedException where a shape is not what the configuration says
     * @throws UnsupportedException where a type cannot hold a model's weights by itself
     */
    static void check(String place, Accounting accounting, ModelConfig config) {
        for (Used used : accounting.used().values()) {
            TensorInfo info = used.tensor().info();
            if (used.tensor() instanceof RefusedTensor refused) {
                throw new UnsupportedException(
                        "%s: tensor `%s` %s".formatted(place, info.name(), refused.reason()),
                        "Save it as a plain tensor.");
            }
            requireWeights(place, info);
            Shape expected = used.rule().shape(config);
            if (info.shape().equals(expected)) continue;
            if (isVocabularyOnly(used.rule().extents(), info.shape(), config)) {
                throw new MalformedException(
                        "%s: tensor `%s` has %d rows, the config says vocab_size %d"
                                .formatted(
                                        place,
                                        info.name(),
                                        info.shape().dim(0),
                                        config.vocabSize()),
                        "Correct vocab_size in config.json, or give --pad-vocab to go by the rows.");
            }
            throw new MalformedException(
                    "%s: tensor `%s` has shape %s, the config says %s (%s)"
                            .formatted(
                                    place,
                                    info.name(),
                                    info.shape(),
                                    expected,
                                    explain(used.rule().extents(), info.shape(), config)),
                    "Correct the config, or take the one that belongs to these weights.");
        }
    }

    /** Whether it is the number of tokens alone that differs. */
    private static boolean isVocabularyOnly(List<Extent> extents, Shape found, ModelConfig config) {
        return extents.equals(List.of(Extent.VOCAB, Extent.HIDDEN))
                && found.rank() == 2
                && found.dim(1) == config.hiddenSize();
    }

    /** The config keys behind the dimensions that differ. */
    private static String explain(List<Extent> extents, Shape found, ModelConfig config) {
        Set<String> keys = new LinkedHashSet<>();
        for (int axis = 0; axis < extents.size(); axis++) {
            Extent extent = extents.get(axis);
            if (found.rank() != extents.size() || found.dim(axis) != extent.in(config)) {
                keys.add(extent.explain(config));
            }
        }
        return String.join(", ", keys);
    }

    private static void requireWeights(String place, TensorInfo info) {
        DType type = info.dtype();
        boolean plain =
                type == DType.F32
                        || type == DType.F16
                        || type == DType.BF16
                        || type == DType.F64
                        || type.isBlock();
        if (!plain) {
            throw new UnsupportedException(
                    "%s: tensor `%s` is %s, expected F32, F16, BF16 or F64"
                            .formatted(place, info.name(), type),
                    "Save the model in one of these types first; a type below 16 bits needs scales that tk does not apply.");
        }
    }
}
