package tk.tokenizer;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.MergeTable.Merge;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The BPE model of a tokenizer.json: words to ids.
 *
 * <p>Source: huggingface/tokenizers, {@code models/bpe/}.
 */
final class JsonBpe {
    private final Map<String, Integer> vocabulary;
    private final int size;
    private final MergeTable table;
    private final boolean byteLevel;
    private final boolean ignoresMerges;
    private final boolean fusesUnknown;
    private final int unknownId;
    private final boolean byWords;

    /** Ids of {@code <0xNN>}, where bytes stand in for unknown characters. */
    private final int @Nullable [] byteIds;

    JsonBpe(
            JsonObject model,
            Map<String, Integer> vocabulary,
            List<Merge> merges,
            int size,
            boolean byteLevel,
            String place) {
        this.vocabulary = vocabulary;
        this.size = size;
        this.byteLevel = byteLevel;
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.string(affix).orElse("").isEmpty()) {
                throw new UnsupportedException("%s: model.%s".formatted(place, affix));
            }
        }
        ignoresMerges = model.bool("ignore_merges").orElse(false);
        fusesUnknown = model.bool("fuse_unk").orElse(false);
        unknownId = model.string("unk_token").map(text -> known(text, place)).orElse(-1);
        byteIds = model.bool("byte_fallback").orElse(false) ? byteIds() : null;
        for (Merge merge : merges) {
            known(merge.left(), place);
            known(merge.right(), place);
            known(merge.left() + merge.right(), place);
        }
        table = MergeTable.byRank(vocabulary, size, merges);
        byWords =
                !byteLevel
                        && SpaceWords.holdFor(
                                merges.stream().map(m -> m.left() + m.right()).toList());
    }

    private int known(String text, String place) {
        Integer id = vocabulary.get(text);
        if (id != null) return id;
        throw new MalformedException(
                "%s: \"%s\" is merged or named as unk_token, but is not in model.vocab"
                        .formatted(place, text));
    }

    private int[] byteIds() {
        int[] ids = new int[256];
        Arrays.setAll(ids, value -> vocabulary.getOrDefault(BytePieces.name(value), -1));
        return ids;
    }

    /** Appends the ids of words. */
    void encode(Splits words, Ints out) {
        byte[] bytes = words.text().getBytes(StandardCharsets.UTF_8);
        PieceMerger merger = new PieceMerger(table, byteLevel, bytes.length, new Symbols());
        int from = 0;
        int at = 0;
        for (int to : words.ends()) {
            int end = at + Utf8.length(words.text(), from, to);
            if (byWords && !ignoresMerges) SpaceWords.merge(merger, bytes, at, end, out);
            else merger.word(bytes, at, end, out);
            at = end;
            from = to;
        }
    }

    boolean ignoresMerges() {
        return ignoresMerges;
    }

    /** Whether every token that is spelled in bytes is what those bytes merge to. */
    boolean mergesReachEveryToken() {
        PieceMerger merger =
                new PieceMerger(table, true, 0, (symbol, text, from, to, out) -> out.add(symbol));
        for (Map.Entry<String, Integer> token : vocabulary.entrySet()) {
            byte[] bytes = ByteLevel.bytes(token.getKey());
            if (bytes == null) continue; // no word can be this token
            Ints out = new Ints(8);
            merger.merge(bytes, 0, bytes.length, out);
            if (out.size() != 1 || out.get(0) != token.getValue()) return false;
        }
        return true;
    }

    private final class Symbols implements PieceMerger.Sink {
        private int unknownEnd = -1;

        @Override
        public int whole(byte[] text, int from, int to) {
            unknownEnd = -1;
            if (!ignoresMerges) return -1;
            String word =
                    byteLevel
                            ? ByteLevel.text(text, from, to)
                            : new String(text, from, to - from, StandardCharsets.UTF_8);
            return vocabulary.getOrDefault(word, -1);
        }

        @Override
        public void accept(int symbol, byte[] text, int from, int to, Ints out) {
            if (symbol >= 0 && symbol < size) {
                out.add(symbol);
                return;
            }
            if (byteIds != null && allBytesKnown(text, from, to)) {
                for (int i = from; i < to; i++) out.add(byteIds[text[i] & 0xff]);
                return;
            }
            // Without an unknown token the character vanishes, as it does in the original.
            if (unknownId < 0) return;
            if (!fusesUnknown || unknownEnd != from) out.add(unknownId);
            unknownEnd = to;
        }

        private boolean allBytesKnown(byte[] text, int from, int to) {
            for (int i = from; i < to; i++) {
                if (byteIds == null || byteIds[text[i] & 0xff] < 0) return false;
            }
            return true;
        }
    }
}
