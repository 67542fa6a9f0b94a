package tk.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * How many floating-point operations a second of one core's time has room for: multiply-and-add on
 * the widest vectors, in twelve chains that need nothing of each other, nothing read from memory.
 */
final class FmaPeak {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int STEPS = 1_000_000;

    private FmaPeak() {}

    /** The best of forty measurements: the first ones wait for the compiler. */
    static double perSecond() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        float[] sink = new float[SPECIES.length()];
        double best = 0;
        for (int round = 0; round < 40; round++) {
            long start = threads.getCurrentThreadCpuTime();
            chains(STEPS, sink);
            double seconds = (threads.getCurrentThreadCpuTime() - start) * 1e-9;
            best = Math.max(best, 2.0 * CHAINS * SPECIES.length() * STEPS / seconds);
        }
        if (Float.isNaN(sink[0])) throw new IllegalStateException();
        return best;
    }

    private static void chains(int steps, float[] sink) {
        FloatVector x = FloatVector.broadcast(SPECIES, 0.999999f);
        FloatVector y = FloatVector.broadcast(SPECIES, 1e-9f);
        FloatVector a = FloatVector.broadcast(SPECIES, 1f);
        FloatVector b = a.add(1);
        FloatVector c = a.add(2);
        FloatVector d = a.add(3);
        FloatVector e = a.add(4);
        FloatVector f = a.add(5);
        FloatVector g = a.add(6);
        FloatVector h = a.add(7);
        FloatVector i = a.add(8);
        FloatVector j = a.add(9);
        FloatVector k = a.add(10);
        FloatVector l = a.add(11);
        for (int step = 0; step < steps; step++) {
            a = a.fma(x, y);
            b = b.fma(x, y);
            c = c.fma(x, y);
            d = d.fma(x, y);
            e = e.fma(x, y);
            f = f.fma(x, y);
            g = g.fma(x, y);
            h = h.fma(x, y);
            i = i.fma(x, y);
            j = j.fma(x, y);
            k = k.fma(x, y);
            l = l.fma(x, y);
        }
        a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(f)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l)
                .intoArray(sink, 0);
    }
}
