package tk.checkpoint;

import tk.tensor.Tensor;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** A checkpoint made of given tensors. */
public final class TensorMap implements Checkpoint {
    private final SequencedMap<String, Tensor> tensors;
    private final Map<String, String> metadata;
    private final List<? extends AutoCloseable> owned;

    /**
     * A checkpoint of these tensors, in this order, each under its own name.
     *
     * @param metadata free text beside the tensors
     * @param owned what {@link #close()} closes
     * @throws IllegalArgumentException where two tensors have one name
     */
    public TensorMap(
            Collection<? extends Tensor> tensors,
            Map<String, String> metadata,
            List<? extends AutoCloseable> owned) {
        SequencedMap<String, Tensor> map = new LinkedHashMap<>();
        for (Tensor tensor : tensors) {
            if (map.putLast(tensor.info().name(), tensor) != null) {
                throw new IllegalArgumentException(
                        "two tensors named `" + tensor.info().name() + "`");
            }
        }
        this.tensors = Collections.unmodifiableSequencedMap(map);
        this.metadata = Map.copyOf(metadata);
        this.owned = List.copyOf(owned);
    }

    /** These tensors in place of {@code in}'s, with its metadata; closing it closes {@code in}. */
    public static TensorMap replacing(Checkpoint in, Collection<? extends Tensor> tensors) {
        return new TensorMap(tensors, in.metadata(), List.of(in));
    }

    @Override
    public SequencedMap<String, Tensor> tensors() {
        return tensors;
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void close() {
        for (AutoCloseable resource : owned) {
            try {
                resource.close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
