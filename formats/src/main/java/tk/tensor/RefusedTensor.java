package tk.tensor;

import tk.error.UnsupportedException;

import java.lang.foreign.MemorySegment;

/**
 * A tensor that its file holds but tk cannot give: it can be listed, and fails when it is read.
 *
 * @param info name and, as far as the file tells, type and shape
 * @param reason why, to follow the words "tensor `NAME`"
 */
public record RefusedTensor(TensorInfo info, String reason) implements Tensor {
    @Override
    public void readRows(long first, long count, MemorySegment into) {
        throw new UnsupportedException(problem(), "Leave it out, or save it as a plain tensor.");
    }

    /** Why it cannot be given, in a sentence with its name. */
    public String problem() {
        return "tensor `%s` %s".formatted(info.name(), reason);
    }
}
