package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.WritePlan;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.RefusedTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Plans a {@code .pt} file: the zip form, as {@code torch.save(state_dict)} writes it and {@code
 * torch.load(weights_only=True)} reads it.
 *
 * <p>An {@code OrderedDict} of contiguous CPU tensors in the checkpoint's order. Tensors that share
 * their bytes in the source are written once and share them again. The checkpoint's metadata has no
 * place in a state dict.
 */
public final class TorchWriter {
    private static final String FOLDER = "archive";

    private TorchWriter() {}

    /**
     * What will be written.
     *
     * @throws UnsupportedException where PyTorch has no such type, naming the tensor
     */
    public static WritePlan plan(Checkpoint checkpoint, Path target) {
        ZipLayout zip = new ZipLayout(FOLDER);
        Map<Shared, Integer> keys = new HashMap<>();
        Map<Integer, Tensor> storages = new LinkedHashMap<>();
        zip.add("data.pkl", pickle(checkpoint, keys, storages));
        zip.add(".format_version", text("1"));
        zip.add(".storage_alignment", text("64"));
        zip.add("byteorder", text("little"));
        storages.forEach((key, tensor) -> zip.add("data/" + key, tensor));
        zip.add("version", text("3\n"));
        return WritePlan.file(target, zip.finish());
    }

    /** Tensors of one type over one run of bytes are one storage. */
    private record Shared(FileRegion region, DType dtype) {}

    private static byte[] pickle(
            Checkpoint checkpoint, Map<Shared, Integer> keys, Map<Integer, Tensor> storages) {
        PickleWriter out = new PickleWriter();
        emptyOrderedDict(out).put(Opcode.MARK);
        for (Map.Entry<String, Tensor> entry : checkpoint.tensors().entrySet()) {
            Tensor tensor = entry.getValue();
            if (tensor instanceof RefusedTensor refused) {
                throw new UnsupportedException(
                        "tensor `%s` %s".formatted(entry.getKey(), refused.reason()));
            }
            int next = storages.size();
            @Nullable Integer known =
                    tensor.stored()
                            .filter(region -> region.length() > 0)
                            .map(region -> new Shared(region, tensor.info().dtype()))
                            .map(shared -> keys.putIfAbsent(shared, next))
                            .orElse(null);
            if (known == null) storages.put(next, tensor);
            out.text(entry.getKey());
            tensor(out, tensor.info(), known == null ? next : known);
        }
        return out.put(Opcode.SETITEMS).finish();
    }

    private static void tensor(PickleWriter out, TensorInfo info, int key) {
        TorchType type = TorchType.of(info.dtype()).orElseThrow(() -> unsupported(info));
        @Nullable String storageClass = type.storageClass();
        long elements = info.shape().elements();
        boolean untyped = storageClass == null;
        out.global("torch._utils", untyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
        out.put(Opcode.MARK).put(Opcode.MARK).constant("storage");
        if (untyped) out.global("torch.storage", "UntypedStorage");
        else out.global("torch", storageClass + "Storage");
        out.text(Integer.toString(key)).constant("cpu");
        out.integer(untyped ? elements * type.bytes() : elements);
        out.put(Opcode.TUPLE).put(Opcode.BINPERSID).integer(0);
        out.integers(info.shape().dims()).integers(Strides.contiguous(info.shape()));
        out.put(Opcode.NEWFALSE);
        emptyOrderedDict(out);
        if (untyped) out.global("torch", type.torchName());
        out.put(Opcode.TUPLE).put(Opcode.REDUCE);
    }

    private static PickleWriter emptyOrderedDict(PickleWriter out) {
        return out.global("collections", "OrderedDict").put(Opcode.EMPTY_TUPLE).put(Opcode.REDUCE);
    }

    private static UnsupportedException unsupported(TensorInfo info) {
        return new UnsupportedException(
                "tensor `%s`: PyTorch has no type %s".formatted(info.name(), info.dtype()),
                info.dtype().isBlock()
                        ? "Dequantize it first: --dtype f32, f16 or bf16."
                        : "Write safetensors instead.");
    }

    private static byte[] text(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }
}
