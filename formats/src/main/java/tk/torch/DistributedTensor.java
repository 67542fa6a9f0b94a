package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;
import tk.torch.TorchValue.ExoticTensor;
import tk.torch.TorchValue.TensorView;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/**
 * A {@code DTensor}: what FSDP2 and tensor parallelism leave in a state dict, the part of a tensor
 * that one process holds.
 *
 * <p>Where the process was alone or all had the same, the part is the whole, and is read as a plain
 * tensor. Otherwise the file has not all the values, and the tensor is named with that. Source:
 * {@code torch/distributed/tensor/_api.py}, {@code torch/distributed/tensor/__init__.py}.
 */
final class DistributedTensor {
    /** The classes that describe where its parts lie: data, by module. */
    private static final Map<String, Set<String>> DESCRIPTIONS =
            Map.of(
                    "torch.distributed.device_mesh",
                    Set.of("DeviceMesh"),
                    "torch.distributed._mesh_layout",
                    Set.of("_FlatLayout", "_MeshLayout"),
                    "torch.distributed.tensor._dtensor_spec",
                    Set.of("DTensorSpec", "TensorMeta", "ShardOrderEntry"),
                    "torch.distributed.tensor.placement_types",
                    Set.of("Partial", "Replicate", "Shard", "_StridedShard"));

    private DistributedTensor() {}

    /** Whether this is a class that describes a DTensor's parts. */
    static boolean isDescription(String module, String name) {
        return DESCRIPTIONS.getOrDefault(module, Set.of()).contains(name);
    }

    /** Whether this is the class itself, where it is and where it used to be. */
    static boolean isType(String module, String name) {
        return name.equals("DTensor")
                && (module.equals("torch.distributed.tensor")
                        || module.equals("torch.distributed._tensor.api"));
    }

    /**
     * A tensor of a wrapping subclass.
     *
     * @param a {@code (class, dtype, size, stride, offset, layout, device, requires_grad)}, size
     *     and dtype of the whole
     * @param state its attributes: a dict, or a tuple with one
     */
    static PyValue rebuild(Arguments a, PyValue state) {
        a.between(3, 8);
        TorchType dtype = a.dtype(1);
        if (dtype == null) throw a.wrong(1, "a dtype");
        long[] size = a.integers(2);
        @Nullable Dict attributes = attributes(state);
        @Nullable PyValue part = attributes == null ? null : attributes.get("_local_tensor");
        if (attributes != null && part instanceof TensorView view) {
            boolean whole = view.dtype() == dtype && Arrays.equals(view.size(), size);
            if (whole && !isToBeSummed(attributes)) return view;
            return new ExoticTensor(
                    view.dtype(),
                    view.size(),
                    "is one process's part of a DTensor of shape %s (save it .full_tensor())"
                            .formatted(Arrays.toString(size)));
        }
        return new ExoticTensor(
                TorchType.BYTES, new long[] {0}, "is a DTensor (save it .full_tensor())");
    }

    private static @Nullable Dict attributes(PyValue state) {
        if (state instanceof Dict dict) return dict;
        if (!(state instanceof Tuple tuple)) return null;
        for (PyValue item : tuple.items()) {
            if (item instanceof Dict dict) return dict;
        }
        return null;
    }

    /** Whether the processes' values have yet to be added up, or this is not known. */
    private static boolean isToBeSummed(Dict attributes) {
        if (!(attributes.get("_spec") instanceof Thing spec)) return true;
        @Nullable Dict described = spec.attributes();
        if (described == null || !(described.get("placements") instanceof Tuple placements)) {
            return true;
        }
        return placements.items().stream()
                .anyMatch(p -> !(p instanceof Thing thing) || thing.type().endsWith("Partial"));
    }
}
