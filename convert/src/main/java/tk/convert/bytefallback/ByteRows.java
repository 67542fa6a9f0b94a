package tk.convert.bytefallback;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.checkpoint.Transform;
import tk.tensor.RenamedTensor;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives a GGUF-named checkpoint the rows of added byte tokens.
 *
 * <p>In {@code token_embd.weight} they are copies of {@code <unk>}'s row: an unknown character
 * reads as it did in training. In {@code output.weight} they are the fitted row. A head that was
 * tied to the embedding becomes a tensor of its own, since the two now differ; every original row
 * keeps its bytes.
 *
 * @param count how many tokens are added
 * @param unknownId the id of {@code <unk>}
 * @param headRow the fitted row, one value a column
 */
public record ByteRows(int count, int unknownId, float[] headRow) implements Transform {
    private static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";

    @Override
    public Checkpoint apply(Checkpoint in) {
        Tensor embedding = in.tensors().get(EMBEDDING);
        if (embedding == null) throw new IllegalArgumentException("no " + EMBEDDING);
        Tensor head = in.tensors().getOrDefault(HEAD, RenamedTensor.of(HEAD, embedding));
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor tensor : in.tensors().values()) {
            switch (tensor.info().name()) {
                case EMBEDDING -> {
                    tensors.add(
                            RepeatedRowTensor.appending(
                                    tensor, count, () -> rowOf(tensor, unknownId)));
                    if (!in.tensors().containsKey(HEAD)) tensors.add(withFittedRows(head));
                }
                case HEAD -> tensors.add(withFittedRows(head));
                default -> tensors.add(tensor);
            }
        }
        return TensorMap.replacing(in, tensors);
    }

    private Tensor withFittedRows(Tensor head) {
        TensorInfo info = head.info();
        byte[] bytes = new byte[Math.toIntExact(info.rowBytes())];
        Scalars.narrow(info.dtype(), headRow, 0, MemorySegment.ofArray(bytes), 0, headRow.length);
        return RepeatedRowTensor.appending(head, count, () -> bytes);
    }

    private static byte[] rowOf(Tensor matrix, int row) {
        byte[] bytes = new byte[Math.toIntExact(matrix.info().rowBytes())];
        matrix.readRows(row, 1, MemorySegment.ofArray(bytes));
        return bytes;
    }
}
