/** Proof that a converted model is still the same model; knows nothing of how it was converted. */
@org.jspecify.annotations.NullMarked
module tk.verify {
    requires transitive tk.quantize;
    requires static transitive org.jspecify;
    requires static jdk.incubator.vector;
}
