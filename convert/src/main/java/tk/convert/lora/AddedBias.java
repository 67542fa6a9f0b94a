package tk.convert.lora;

import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A bias with that of a LoRA's B merged into it: {@code b + s·b_B}, rounded once.
 *
 * @param base the bias
 * @param added of the same length
 * @param scale s
 */
record AddedBias(Tensor base, Tensor added, float scale) implements Tensor {
    @Override
    public TensorInfo info() {
        return base.info();
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        base.readRows(first, count, into);
        if (count == 0) return;
        float[] delta = LowRank.values(added);
        float[] bias = new float[delta.length];
        Scalars.widen(info().dtype(), into, 0, bias, 0, bias.length);
        for (int i = 0; i < bias.length; i++) bias[i] += delta[i] * scale;
        new RowValues(info()).narrow(bias, bias.length, into, 0);
    }
}
