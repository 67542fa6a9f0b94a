/** Proof that a converted model is still the same model; knows nothing of how it was converted. */
@org.jspecify.annotations.NullMarked
module tk.verify {
    requires transitive tk.quantize;
    requires static transitive org.jspecify;
    // Resolved only where the command line adds it: the forward pass has scalar kernels too.
    requires static jdk.incubator.vector;

    exports tk.verify;
    exports tk.verify.adapter;
    exports tk.verify.difference;
    exports tk.verify.evaluation;
    exports tk.verify.importance;
    exports tk.verify.report;
    exports tk.verify.weights;
    exports tk.verify.reference;
    exports tk.verify.settings;
    exports tk.verify.tokens;
    exports tk.verify.corpus;
}
