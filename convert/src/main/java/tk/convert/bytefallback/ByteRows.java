package tk.convert.bytefallback;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.checkpoint.Transform;
import tk.tensor.RenamedTensor;
import tk.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives a checkpoint the rows of added byte tokens.
 *
 * <p>In the embedding they are copies of {@code <unk>}'s row: an unknown character reads as it did
 * in training. In the head they are the fitted row. A head that was tied to the embedding becomes a
 * tensor of its own, since the two now differ; every original row keeps its bytes.
 *
 * @param count how many tokens are added
 * @param unknownId the id of {@code <unk>}
 * @param headRow the fitted row
 * @param embedding what the embedding is called
 * @param headName what the head is called
 */
public record ByteRows(int count, int unknownId, HeadRow headRow, String embedding, String headName)
        implements Transform {

    /** For a checkpoint under GGUF's names. */
    public ByteRows(int count, int unknownId, HeadRow headRow) {
        this(count, unknownId, headRow, "token_embd.weight", "output.weight");
    }

    /** For a checkpoint under Hugging Face's names. */
    public static ByteRows ofHuggingFace(int count, int unknownId, HeadRow headRow) {
        return new ByteRows(
                count, unknownId, headRow, "model.embed_tokens.weight", "lm_head.weight");
    }

    @Override
    public Checkpoint apply(Checkpoint in) {
        Tensor matrix = in.tensors().get(embedding);
        if (matrix == null) throw new IllegalArgumentException("no " + embedding);
        Tensor head = in.tensors().getOrDefault(headName, RenamedTensor.of(headName, matrix));
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor tensor : in.tensors().values()) {
            String name = tensor.info().name();
            if (name.equals(embedding)) {
                tensors.add(
                        RepeatedRowTensor.appending(tensor, count, () -> rowOf(tensor, unknownId)));
                if (!in.tensors().containsKey(headName)) tensors.add(withFittedRows(head));
            } else {
                tensors.add(name.equals(headName) ? withFittedRows(head) : tensor);
            }
        }
        return TensorMap.replacing(in, tensors);
    }

    private Tensor withFittedRows(Tensor head) {
        byte[] bytes = headRow.in(head.info().dtype());
        return RepeatedRowTensor.appending(head, count, () -> bytes);
    }

    private static byte[] rowOf(Tensor matrix, int row) {
        byte[] bytes = new byte[Math.toIntExact(matrix.info().rowBytes())];
        matrix.readRows(row, 1, MemorySegment.ofArray(bytes));
        return bytes;
    }
}
