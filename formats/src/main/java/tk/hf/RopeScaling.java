package tk.hf;

import java.util.List;
import java.util.Optional;

/** How rotary frequencies are stretched for contexts longer than the model was first trained on. */
public sealed interface RopeScaling {
    /** Not at all. */
    record None() implements RopeScaling {}

    /** Every position divided by {@code factor}. */
    record Linear(double factor) implements RopeScaling {}

    /**
     * NTK-aware: the base grows with the length; the same as none up to the context the model was
     * made for.
     */
    record Dynamic(double factor) implements RopeScaling {}

    /**
     * Llama 3.1: low frequencies divided by {@code factor}, high ones kept, a smooth passage
     * between.
     */
    record Llama3(double factor, double lowFreqFactor, double highFreqFactor, int originalContext)
            implements RopeScaling {}

    /** YaRN. */
    record Yarn(
            double factor,
            int originalContext,
            double betaFast,
            double betaSlow,
            Optional<Double> attentionFactor,
            Optional<Double> mscale,
            Optional<Double> mscaleAllDim)
            implements RopeScaling {}

    /**
     * LongRoPE: a factor for every frequency, one list for short and one for long contexts; {@code
     * factor} is the stretch that the attention's factor follows from where that is not given.
     */
    record LongRope(
            List<Double> shortFactor,
            List<Double> longFactor,
            double factor,
            int originalContext,
            Optional<Double> attentionFactor)
            implements RopeScaling {}
}
