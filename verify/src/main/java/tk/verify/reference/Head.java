package tk.verify.reference;

import tk.verify.reference.Chunk.Span;
import tk.verify.reference.MatrixProduct.Then;

import java.util.ArrayList;
import java.util.List;

/** The end of the decoder: {@code logits = head · norm(x)} for the positions that are wanted. */
final class Head {
    /** Logits that are held at a time: 32 MiB. */
    private static final int HELD = 8 << 20;

    private final Decoder model;
    private final Kernels kernels;
    private final ForwardPass pass;
    private final float[] logits; // (vocabulary)
    private final float[] hidden; // (hidden)
    private float[] gathered = {}; // (hidden, columns)
    private float[] held = {}; // (columns, vocabulary)

    /** A position and its column. */
    private record Place(int sequence, int position, int column) {}

    /** Receives the positions, in the order of the chunk. */
    @FunctionalInterface
    interface Sink {
        /** Arrays that are used again for the next position. */
        void accept(int sequence, int position, float[] hidden, float[] logits);
    }

    Head(Decoder model, Kernels kernels, ForwardPass pass) {
        this.model = model;
        this.kernels = kernels;
        this.pass = pass;
        this.logits = new float[model.vocabulary()];
        this.hidden = new float[model.hidden()];
    }

    /**
     * Computes logits.
     *
     * @param first the first wanted position of each sequence
     */
    void run(Chunk chunk, int[] first, Sink sink) {
        List<Place> wanted = new ArrayList<>();
        for (Span span : chunk.spans()) {
            int from = Math.max(span.first(), first[span.sequence()]);
            for (int position = from; position < span.end(); position++) {
                int column = span.from() + position - span.first();
                wanted.add(new Place(span.sequence(), position, column));
            }
        }
        if (wanted.isEmpty()) return;
        float[] normed = pass.finalNorm(chunk); // (hidden, stride)
        int lanes = kernels.lanes();
        int most = Math.max(1, HELD / model.vocabulary() / lanes) * lanes;
        for (int from = 0; from < wanted.size(); from += most) {
            int end = Math.min(from + most, wanted.size());
            run(wanted.subList(from, end), normed, chunk.stride(), sink);
        }
    }

    private void run(List<Place> wanted, float[] normed, int stride, Sink sink) {
        int vocabulary = model.vocabulary();
        int columns = kernels.columnsFor(wanted.size());
        gathered = MatrixProduct.atLeast(gathered, Math.multiplyExact(model.hidden(), columns));
        held = MatrixProduct.atLeast(held, Math.multiplyExact(columns, vocabulary));
        for (int f = 0; f < model.hidden(); f++) {
            for (int t = 0; t < wanted.size(); t++) {
                gathered[f * columns + t] = normed[f * stride + wanted.get(t).column()];
            }
        }
        pass.product().run(model.head(), gathered, columns, held, vocabulary, Then.TRANSPOSE);
        for (int t = 0; t < wanted.size(); t++) {
            Place place = wanted.get(t);
            System.arraycopy(held, t * vocabulary, logits, 0, vocabulary);
            for (int f = 0; f < hidden.length; f++) hidden[f] = gathered[f * columns + t];
            sink.accept(place.sequence(), place.position(), hidden, logits);
        }
    }
}
