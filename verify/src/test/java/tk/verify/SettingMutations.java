package tk.verify;

import tk.gguf.GgufValue;
import tk.tokenizer.TokenType;
import tk.verify.Mutation.Base;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Conversions whose metadata, vocabulary or chat template is wrong. */
final class SettingMutations {
    private final List<Mutation> all = new ArrayList<>();

    static List<Mutation> all() {
        SettingMutations mutations = new SettingMutations();
        mutations.settings();
        mutations.vocabulary();
        mutations.special();
        mutations.template();
        return mutations.all;
    }

    private void add(String group, String name, Consumer<TinyGguf> damage) {
        add(group, name, Base.LLAMA, damage);
    }

    private void add(String group, String name, Base base, Consumer<TinyGguf> damage) {
        all.add(new Mutation(group, name, base, damage));
    }

    private void settings() {
        String g = "settings";
        add(
                g,
                "eps 1e-6 instead of 1e-5",
                m -> m.set("attention.layer_norm_rms_epsilon", GgufValue.f32(1e-6f)));
        add(g, "eps missing", m -> m.keys.remove("llama.attention.layer_norm_rms_epsilon"));
        add(
                g,
                "theta 500000 instead of 10000",
                m -> m.set("rope.freq_base", GgufValue.f32(500000)));
        add(g, "theta slightly off", m -> m.set("rope.freq_base", GgufValue.f32(10001)));
        add(g, "theta dropped", Base.SCALED, m -> m.keys.remove("llama.rope.freq_base"));
        add(
                g,
                "rope scaling dropped",
                Base.SCALED,
                m -> {
                    m.values.remove("rope_freqs.weight");
                    m.shapes.remove("rope_freqs.weight");
                });
        add(
                g,
                "rope scaling with another factor",
                Base.SCALED,
                m ->
                        m.values.computeIfPresent(
                                "rope_freqs.weight",
                                (n, v) -> {
                                    float[] w = v.clone();
                                    for (int i = 0; i < w.length; i++) if (w[i] == 8) w[i] = 4;
                                    return w;
                                }));
        add(
                g,
                "one rope factor wrong",
                Base.SCALED,
                m -> m.values.get("rope_freqs.weight")[20] *= 1.01f);
        add(
                g,
                "linear rope scaling added",
                m -> {
                    m.set("rope.scaling.type", GgufValue.text("linear"));
                    m.set("rope.scaling.factor", GgufValue.f32(2));
                });
        add(g, "twice the heads", m -> m.set("attention.head_count", GgufValue.u32(8)));
        add(g, "half the heads", m -> m.set("attention.head_count", GgufValue.u32(2)));
        add(g, "one key head", m -> m.set("attention.head_count_kv", GgufValue.u32(1)));
        add(
                g,
                "as many key heads as heads",
                m -> m.set("attention.head_count_kv", GgufValue.u32(4)));
        add(
                g,
                "wrong head width",
                m -> {
                    m.set("attention.key_length", GgufValue.u32(32));
                    m.set("attention.value_length", GgufValue.u32(32));
                });
        add(g, "half of each head turned", m -> m.set("rope.dimension_count", GgufValue.u32(32)));
        add(g, "attention looks ahead", m -> m.set("attention.causal", GgufValue.bool(false)));
        add(g, "context half as long", m -> m.set("context_length", GgufValue.u32(64)));
        add(g, "context missing", m -> m.keys.remove("llama.context_length"));
        add(g, "one layer too few said", m -> m.set("block_count", GgufValue.u32(3)));
        add(g, "wrong width said", m -> m.set("embedding_length", GgufValue.u32(512)));
        add(g, "wrong inner width said", m -> m.set("feed_forward_length", GgufValue.u32(512)));
        add(
                g,
                "wrong vocabulary size said",
                m -> m.set("vocab_size", GgufValue.u32(m.pieces.size() + 1)));
        add(
                g,
                "an architecture of other rotary order",
                m -> {
                    for (String key : List.copyOf(m.keys.keySet()))
                        if (key.startsWith("llama."))
                            m.put(key.replace("llama.", "qwen2."), m.keys.remove(key));
                    m.put("general.architecture", GgufValue.text("qwen2"));
                });
        add(
                g,
                "an architecture that does not exist",
                m -> m.put("general.architecture", GgufValue.text("llama5")));
        add(g, "a file type that it is not", m -> m.put("general.file_type", GgufValue.u32(10)));
    }

    private void vocabulary() {
        String g = "vocabulary";
        add(
                g,
                "two entries swapped",
                m -> {
                    TinyVocabulary.Piece a = m.pieces.get(280);
                    m.pieces.set(280, m.pieces.get(300));
                    m.pieces.set(300, a);
                });
        add(g, "entries shifted by one", m -> m.pieces.add(259, m.pieces.removeLast()));
        add(
                g,
                "two entries' texts swapped, scores kept",
                m -> {
                    TinyVocabulary.Piece a = m.pieces.get(280);
                    TinyVocabulary.Piece b = m.pieces.get(300);
                    m.pieces.set(280, new TinyVocabulary.Piece(b.text(), a.score(), a.type()));
                    m.pieces.set(300, new TinyVocabulary.Piece(a.text(), b.score(), b.type()));
                });
        add(
                g,
                "scores all zero",
                m -> pieces(m, p -> new TinyVocabulary.Piece(p.text(), 0, p.type())));
        add(
                g,
                "scores of the wrong sign",
                m -> pieces(m, p -> new TinyVocabulary.Piece(p.text(), -p.score(), p.type())));
        add(
                g,
                "one score wrong",
                m ->
                        piece(
                                m,
                                270,
                                p -> new TinyVocabulary.Piece(p.text(), p.score() - 3, p.type())));
        add(
                g,
                "spaces instead of U+2581",
                m ->
                        pieces(
                                m,
                                p ->
                                        new TinyVocabulary.Piece(
                                                p.text().replace('\u2581', ' '),
                                                p.score(),
                                                p.type())));
        add(
                g,
                "an entry in lower case of another language",
                m ->
                        piece(
                                m,
                                indexOf(m, "K"),
                                p -> new TinyVocabulary.Piece("\u0131k", p.score(), p.type())));
        add(g, "the last entry missing", m -> m.pieces.removeLast());
        add(g, "an entry more, with rows", m -> m.addRows("extra", TokenType.NORMAL, 1, -16));
        add(
                g,
                "control tokens as ordinary ones",
                m -> types(m, TokenType.CONTROL, TokenType.NORMAL));
        add(g, "byte pieces as ordinary ones", m -> types(m, TokenType.BYTE, TokenType.NORMAL));
        add(
                g,
                "an ordinary token as control token",
                m ->
                        piece(
                                m,
                                290,
                                p ->
                                        new TinyVocabulary.Piece(
                                                p.text(), p.score(), TokenType.CONTROL)));
        add(
                g,
                "the unknown token as ordinary one",
                m -> types(m, TokenType.UNKNOWN, TokenType.NORMAL));
        add(
                g,
                "one byte piece missing",
                m ->
                        piece(
                                m,
                                3 + 0xc4,
                                p ->
                                        new TinyVocabulary.Piece(
                                                "[PAD199]", -1000, TokenType.UNUSED)));
        add(
                g,
                "tokenizer of another model",
                m -> {
                    List<TinyVocabulary.Piece> other = TinyVocabulary.train(59, true).pieces();
                    for (int i = 0; i < m.pieces.size() - 1; i++)
                        m.pieces.set(
                                i, other.get(Math.min(i + (i > 300 ? 1 : 0), other.size() - 1)));
                });
        add(
                g,
                "vocabulary of another algorithm",
                m -> m.put("tokenizer.ggml.model", GgufValue.text("gpt2")));
        add(g, "no vocabulary", m -> m.put("tokenizer.ggml.model", GgufValue.text("none")));
        add(
                g,
                "byte pieces with rows of zeros",
                Base.NO_BYTES,
                m -> m.addRows("", TokenType.BYTE, 256, 0));
        add(
                g,
                "byte pieces with the unknown token's row",
                Base.NO_BYTES,
                m -> {
                    m.addRows("", TokenType.BYTE, 256, 0);
                    for (String n : List.of("token_embd.weight", "output.weight")) {
                        float[] v = m.values.get(n);
                        int w = TinyModel.HIDDEN;
                        for (int at = v.length - 256 * w; at < v.length; at += w)
                            System.arraycopy(v, 0, v, at, w);
                    }
                });
        add(
                g,
                "byte pieces put before the vocabulary",
                Base.NO_BYTES,
                m -> {
                    m.addRows("", TokenType.BYTE, 256, -16);
                    java.util.Collections.rotate(m.pieces, 256);
                });
    }

    private void special() {
        String g = "special tokens";
        add(g, "wrong BOS", m -> m.put("tokenizer.ggml.bos_token_id", GgufValue.u32(2)));
        add(g, "wrong EOS", m -> m.put("tokenizer.ggml.eos_token_id", GgufValue.u32(1)));
        add(
                g,
                "EOS of another model",
                m -> m.put("tokenizer.ggml.eos_token_id", GgufValue.u32(260)));
        add(
                g,
                "a word ends every answer",
                m -> m.put("tokenizer.ggml.eot_token_id", GgufValue.u32(270)));
        add(
                g,
                "BOS no longer added",
                m -> m.put("tokenizer.ggml.add_bos_token", GgufValue.bool(false)));
        add(
                g,
                "EOS added to every text",
                m -> m.put("tokenizer.ggml.add_eos_token", GgufValue.bool(true)));
        add(
                g,
                "dummy prefix dropped",
                m -> m.put("tokenizer.ggml.add_space_prefix", GgufValue.bool(false)));
    }

    private void template() {
        String g = "chat template";
        add(g, "a line feed missing", m -> template(m, t -> t.replaceFirst("\n", "")));
        add(g, "a space too many at the end", m -> template(m, t -> t + " "));
        add(g, "roles swapped", m -> template(m, t -> t.replace("user", "assistant")));
        add(g, "template missing", m -> m.keys.remove("tokenizer.chat_template"));
        add(
                g,
                "template of another family",
                m -> template(m, t -> "{{ '[INST] ' + messages[0]['content'] + ' [/INST]' }}"));
    }

    private static void template(TinyGguf m, UnaryOperator<String> change) {
        m.put("tokenizer.chat_template", GgufValue.text(change.apply(MutationTest.TEMPLATE)));
    }

    private static void pieces(TinyGguf m, UnaryOperator<TinyVocabulary.Piece> change) {
        m.pieces.replaceAll(change);
    }

    private static void piece(TinyGguf m, int id, UnaryOperator<TinyVocabulary.Piece> change) {
        m.pieces.set(id, change.apply(m.pieces.get(id)));
    }

    private static int indexOf(TinyGguf m, String text) {
        for (int i = 0; i < m.pieces.size(); i++) if (m.pieces.get(i).text().equals(text)) return i;
        throw new IllegalStateException(text);
    }

    private static void types(TinyGguf m, TokenType from, TokenType to) {
        pieces(m, p -> p.type() == from ? new TinyVocabulary.Piece(p.text(), p.score(), to) : p);
    }
}
