package tk.verify;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.json.JsonText;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.torch.TorchWriter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The containers in which a source's weights can lie. */
enum TinySource {
    SAFETENSORS,
    PT,
    META_PT;

    /** Writes the model into a new folder; what to open. */
    Path write(TinyModel model, Path folder, DType type) {
        if (this == SAFETENSORS) return model.write(folder, type);
        List<Tensor> tensors = new ArrayList<>();
        model.weights()
                .forEach(
                        (name, values) -> {
                            long[] shape = model.shapes().get(name);
                            boolean turned = name.contains("q_proj") || name.contains("k_proj");
                            int columns = shape.length == 1 ? 1 : (int) shape[1];
                            tensors.add(
                                    this == PT
                                            ? TinyTensor.of(name, type, values, shape)
                                            : TinyTensor.of(
                                                    metaName(name),
                                                    type,
                                                    turned
                                                            ? TinyGguf.interleave(
                                                                    values,
                                                                    TinyModel.HEAD_DIM,
                                                                    columns)
                                                            : values,
                                                    shape));
                        });
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), JsonText.PRETTY.write(model.config()));
            Files.write(folder.resolve("tokenizer.model"), model.vocabulary().file());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Path file = folder.resolve("model.pt");
        TensorMap checkpoint = new TensorMap(tensors, Map.of(), List.of());
        new PlanWriter(1, Progress.NONE).write(TorchWriter.plan(checkpoint, file), false);
        return file;
    }

    private static String metaName(String hf) {
        return hf.replace("model.embed_tokens", "tok_embeddings")
                .replace("model.norm", "norm")
                .replace("lm_head", "output")
                .replace("model.layers", "layers")
                .replace("input_layernorm", "attention_norm")
                .replace("post_attention_layernorm", "ffn_norm")
                .replaceAll("self_attn\\.([qkvo])_proj", "attention.w$1")
                .replace("mlp.gate_proj", "feed_forward.w1")
                .replace("mlp.up_proj", "feed_forward.w3")
                .replace("mlp.down_proj", "feed_forward.w2");
    }
}
