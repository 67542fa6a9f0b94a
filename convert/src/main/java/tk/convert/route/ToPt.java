package tk.convert.route;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.checkpoint.WritePlan;
import tk.convert.HfModel;
import tk.model.ModelSource;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;
import tk.torch.TorchWriter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The routes to a {@code .pt} file: a state dict that {@code load_state_dict} takes strictly. */
public final class ToPt {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    private ToPt() {}

    /**
     * The state dict of a source: Hugging Face's names in the order of the modules, a tied head
     * under its own name again.
     *
     * @param notes receives what a person should be told
     */
    public static Checkpoint of(ModelSource source, ConvertOptions options, List<String> notes) {
        SourceModel opened = SourceModel.of(source, options);
        HfModel model =
                Typed.of(opened.model().withoutTiedHead(), options, source.gguf().isPresent());
        notes.addAll(model.notes());
        List<Tensor> tensors = new ArrayList<>();
        for (String name : model.table().stateDictOrder(model.config().layers())) {
            Tensor tensor = model.weights().tensors().get(name);
            if (tensor != null) {
                tensors.add(tensor);
            } else if (name.equals(HEAD)) {
                tensors.add(
                        RenamedTensor.of(
                                HEAD,
                                Objects.requireNonNull(model.weights().tensors().get(EMBEDDING))));
            }
        }
        return TensorMap.replacing(model.weights(), tensors);
    }

    /** The plan of the file. */
    public static WritePlan plan(
            ModelSource source, ConvertOptions options, List<String> notes, Path target) {
        return TorchWriter.plan(of(source, options, notes), target);
    }
}
