package tk.verify;

import tk.tokenizer.TokenType;
import tk.verify.corpus.Corpus;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A SentencePiece BPE vocabulary trained in the test on the built-in prompts, and its file.
 *
 * @param pieces by id: unk, s, /s, bytes where there are, characters, merges
 * @param byteFallback whether there are byte pieces
 */
record TinyVocabulary(List<Piece> pieces, boolean byteFallback) {

    record Piece(String text, float score, TokenType type) {}

    /** Trains so many merges. */
    static TinyVocabulary train(int merges, boolean byteFallback) {
        List<Piece> pieces = new ArrayList<>();
        pieces.add(new Piece("<unk>", 0, TokenType.UNKNOWN));
        pieces.add(new Piece("<s>", 0, TokenType.CONTROL));
        pieces.add(new Piece("</s>", 0, TokenType.CONTROL));
        if (byteFallback) {
            for (int b = 0; b < 256; b++) {
                String name =
                        "<0x"
                                + java.util.HexFormat.of().withUpperCase().toHexDigits((byte) b)
                                + ">";
                pieces.add(new Piece(name, 0, TokenType.BYTE));
            }
        }
        List<List<String>> words = new ArrayList<>();
        Set<String> characters = new LinkedHashSet<>(List.of("\u2581"));
        for (String text : Corpus.longPrompts()) {
            for (String word : text.split(" ", -1)) {
                List<String> parts = new ArrayList<>(List.of("\u2581"));
                word.codePoints().forEach(c -> parts.add(Character.toString(c)));
                characters.addAll(parts);
                words.add(parts);
            }
        }
        List<String> merged = new ArrayList<>();
        Set<String> known = new LinkedHashSet<>(characters);
        while (merged.size() < merges) {
            Map<String, Integer> counts = new HashMap<>();
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(word.get(i) + word.get(i + 1), 1, Integer::sum);
                }
            }
            counts.keySet().removeAll(known);
            String best =
                    counts.entrySet().stream()
                            .max(
                                    Map.Entry.<String, Integer>comparingByValue()
                                            .thenComparing(Map.Entry.comparingByKey()))
                            .orElseThrow()
                            .getKey();
            merged.add(best);
            known.add(best);
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if ((word.get(i) + word.get(i + 1)).equals(best)) {
                        word.set(i, best);
                        word.remove(i + 1);
                    }
                }
            }
        }
        float score = 0;
        for (String text : merged) pieces.add(new Piece(text, score--, TokenType.NORMAL));
        for (String text : characters) pieces.add(new Piece(text, score--, TokenType.NORMAL));
        return new TinyVocabulary(pieces, byteFallback);
    }

    /** {@code tokenizer.model}: a protobuf ModelProto. */
    byte[] file() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Piece piece : pieces) {
            ByteArrayOutputStream inner = new ByteArrayOutputStream();
            text(inner, 1, piece.text());
            inner.write(2 << 3 | 5);
            byte[] score =
                    ByteBuffer.allocate(4)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putFloat(piece.score())
                            .array();
            inner.writeBytes(score);
            number(inner, 3, piece.type().code());
            message(out, 1, inner);
        }
        ByteArrayOutputStream trainer = new ByteArrayOutputStream();
        number(trainer, 3, 2); // BPE
        number(trainer, 4, pieces.size());
        if (byteFallback) number(trainer, 35, 1);
        message(out, 2, trainer);
        ByteArrayOutputStream normalizer = new ByteArrayOutputStream();
        text(normalizer, 1, "identity");
        number(normalizer, 3, 1); // add_dummy_prefix
        number(normalizer, 4, 0); // remove_extra_whitespaces
        number(normalizer, 5, 1); // escape_whitespaces
        message(out, 3, normalizer);
        return out.toByteArray();
    }

    private static void text(ByteArrayOutputStream out, int field, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        varint(out, field << 3 | 2);
        varint(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void number(ByteArrayOutputStream out, int field, int value) {
        varint(out, field << 3);
        varint(out, value);
    }

    private static void message(ByteArrayOutputStream out, int field, ByteArrayOutputStream inner) {
        varint(out, field << 3 | 2);
        varint(out, inner.size());
        out.writeBytes(inner.toByteArray());
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest >= 0x80) {
            out.write((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
