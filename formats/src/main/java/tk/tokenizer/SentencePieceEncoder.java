package tk.tokenizer;

import tk.error.UnsupportedException;
import tk.tokenizer.SentencePieceModel.Piece;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * What the sentencepiece library's encode does, in pure Java: the same ids for every text.
 * Thread-safe.
 *
 * <p>Source: google/sentencepiece, {@code sentencepiece_processor.cc}, {@code model_interface.cc},
 * {@code bpe_model.cc}, {@code unigram_model.cc}.
 */
final class SentencePieceEncoder {
    /** Cuts a normalized text into pieces. */
    private interface Cutter {
        void cut(byte[] text, Ints out);
    }

    private final SentencePieceModel model;
    private final SentencePieceNormalizer normalizer;
    private final Trie userDefined = new Trie(16);
    private final BitSet unused = new BitSet();
    private final int[] byteIds = new int[256];
    private final Cutter cutter;

    SentencePieceEncoder(SentencePieceModel model) {
        this.model = model;
        List<Piece> pieces = model.pieces();
        boolean anyUserDefined = false;
        for (int id = 0; id < pieces.size(); id++) {
            Piece piece = pieces.get(id);
            switch (piece.type()) {
                case USER_DEFINED -> {
                    userDefined.add(Utf8.bytes(piece.text()), id);
                    anyUserDefined = true;
                }
                case UNUSED -> unused.set(id);
                case BYTE -> byteIds[BytePieces.valueOf(piece.text())] = id;
                case NORMAL, UNKNOWN, CONTROL -> {}
            }
        }
        normalizer =
                new SentencePieceNormalizer(
                        model.normalizer(), model.whitespaceAsSuffix(), userDefined);
        cutter =
                switch (model.algorithm()) {
                    case BPE -> new Bpe(anyUserDefined);
                    case UNIGRAM -> unigram();
                    case WORD, CHAR ->
                            throw new UnsupportedException(
                                    "a SentencePiece model of type " + model.algorithm(),
                                    "tk handles BPE and UNIGRAM, which language models use.");
                };
    }

    /** The text that pieces are matched against, spaces as U+2581 where the model has them so. */
    String normalized(String text) {
        return new String(
                normalizer.normalize(Utf8.bytes(text)), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** The ids of a text. */
    int[] encode(String text) {
        byte[] normalized = normalizer.normalize(Utf8.bytes(text));
        Ints out = new Ints(normalized.length / 3);
        cutter.cut(normalized, out);
        int[] ids = out.toArray();
        return model.byteFallback() ? ids : withUnknownRunsAsOne(ids);
    }

    private int[] withUnknownRunsAsOne(int[] ids) {
        int unknown = model.unknownId();
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != unknown || i == 0 || ids[i - 1] != unknown) ids[count++] = ids[i];
        }
        return Arrays.copyOf(ids, count);
    }

    /** Appends a piece; where there are byte pieces, an unknown one becomes its bytes. */
    private void append(int id, byte[] text, int from, int to, Ints out) {
        if (id == model.unknownId() && model.byteFallback()) {
            for (int i = from; i < to; i++) out.add(byteIds[text[i] & 0xff]);
        } else {
            out.add(id);
        }
    }

    private float[] scores() {
        List<Piece> pieces = model.pieces();
        float[] scores = new float[pieces.size()];
        for (int id = 0; id < scores.length; id++) scores[id] = pieces.get(id).score();
        return scores;
    }

    private boolean isOrdinary(int id) {
        return switch (model.pieces().get(id).type()) {
            case NORMAL, USER_DEFINED, UNUSED -> true;
            case UNKNOWN, CONTROL, BYTE -> false;
        };
    }

    /** User-defined pieces first, then what is between them merged. */
    private final class Bpe implements Cutter {
        private final boolean anyUserDefined;
        private final MergeTable table;
        private final boolean byWords;

        /** By symbol: a special piece of the same text comes before an ordinary one. */
        private final int[] ids;

        Bpe(boolean anyUserDefined) {
            this.anyUserDefined = anyUserDefined;
            List<String> texts = model.pieces().stream().map(Piece::text).toList();
            table =
                    MergeTable.byScore(
                            texts, scores(), SentencePieceEncoder.this::isOrdinary, unused);
            // What an unused piece is taken apart to may be decided in another word.
            byWords =
                    model.normalizer().escapeWhitespaces()
                            && unused.isEmpty()
                            && SpaceWords.holdFor(texts);
            ids = texts.stream().mapToInt(text -> model.id(text).orElseThrow()).toArray();
        }

        @Override
        public void cut(byte[] text, Ints out) {
            PieceMerger merger = new PieceMerger(table, false, text.length, this::append);
            int from = 0;
            for (int at = 0; at < text.length && anyUserDefined; ) {
                long match = userDefined.longest(text, at, text.length);
                if (match == 0) {
                    at += Utf8.length(text[at]);
                    continue;
                }
                merge(merger, text, from, at, out);
                out.add(ids[(int) match]);
                at += (int) (match >>> 32);
                from = at;
            }
            merge(merger, text, from, text.length, out);
        }

        private void merge(PieceMerger merger, byte[] text, int from, int to, Ints out) {
            if (byWords) SpaceWords.merge(merger, text, from, to, out);
            else merger.merge(text, from, to, out);
        }

        private void append(int symbol, byte[] text, int from, int to, Ints out) {
            int id;
            if (symbol >= 0 && symbol < ids.length) {
                id = ids[symbol];
            } else {
                // A character that is no ordinary piece may still be a special one.
                String character =
                        new String(text, from, to - from, java.nio.charset.StandardCharsets.UTF_8);
                id = model.id(character).orElse(model.unknownId());
            }
            SentencePieceEncoder.this.append(id, text, from, to, out);
        }
    }

    private Cutter unigram() {
        List<Piece> pieces = model.pieces();
        float lowest = Float.MAX_VALUE;
        // The library means the lowest float but writes FLT_MIN, the smallest positive one.
        float highest = Float.MIN_NORMAL;
        for (Piece piece : pieces) {
            if (piece.type() != TokenType.NORMAL) continue;
            lowest = Math.min(lowest, piece.score());
            highest = Math.max(highest, piece.score());
        }
        Trie trie = new Trie(pieces.stream().mapToInt(piece -> piece.text().length()).sum());
        double[] scores = new double[pieces.size()];
        for (int id = 0; id < scores.length; id++) {
            Piece piece = pieces.get(id);
            byte[] bytes = Utf8.bytes(piece.text());
            if (isOrdinary(id) && !unused.get(id)) trie.add(bytes, id);
            // A user-defined piece scores by its length, so that it is always taken.
            scores[id] =
                    piece.type() == TokenType.USER_DEFINED
                            ? bytes.length * highest - 0.1
                            : piece.score();
        }
        float unknown = lowest - Viterbi.UNKNOWN_PENALTY;
        Viterbi viterbi = new Viterbi(trie, scores, model.unknownId(), unknown, true);
        return (text, out) ->
                viterbi.encode(text, (id, from, to) -> append(id, text, from, to, out));
    }
}
