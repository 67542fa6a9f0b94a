/** Benchmarks: kernels by JMH, whole programs side by side with the originals. Not shipped. */
@org.jspecify.annotations.NullMarked
module tk.bench {
    requires tk.cli;
    requires tk.modelfile;
    requires tk.convert;
    requires tk.verify;
    requires jdk.management;
    requires static org.jspecify;
    requires jdk.incubator.vector;
    requires jmh.core;
}
