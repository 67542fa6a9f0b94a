package tk.verify;

import tk.verify.reference.LogitModel;
import tk.verify.tokens.Vocabulary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What both models write, and what their tokens look like as text.
 *
 * @param detail what the behaviour gate says where it passes
 * @param texts for the report
 */
record Continuations(String detail, List<Evidence.Continuation> texts) {
    /** Tokens of context that a reader is shown. */
    private static final int CONTEXT = 16;

    /**
     * Lets both continue every prompt. A candidate may choose another token than the source only
     * where the source finds what follows about as likely as its own text.
     */
    static Continuations of(
            LogitModel reference,
            LogitModel candidate,
            Prompts prompts,
            Optional<Vocabulary> vocabulary,
            Tolerances limits,
            Findings findings) {
        List<Evidence.Continuation> texts = new ArrayList<>();
        int agreed = 0;
        int written = 0;
        double excess = 0;
        for (int[] prompt : prompts.continued()) {
            Greedy greedy = Greedy.of(reference, candidate, prompt, prompts.continuation());
            agreed += greedy.agreed();
            written += greedy.reference().length;
            excess += greedy.excess() / prompts.continued().size();
            texts.add(
                    new Evidence.Continuation(
                            text(vocabulary, new int[0], prompt),
                            text(vocabulary, prompt, greedy.reference()),
                            text(vocabulary, prompt, greedy.candidate()),
                            greedy.agreed(),
                            greedy.reference().length));
        }
        // The whole continuation follows from its first other token, so the limit is wider than
        // that of a single choice.
        double limit = 3 * limits.maxRegret();
        if (!(excess <= limit)) {
            findings.fail(
                    "the source finds the candidate's continuations %s nats a token less likely than its own, at most %s expected"
                            .formatted(Numbers.three(excess), Numbers.three(limit)));
        }
        return new Continuations(
                "%d of %d tokens of %d continuations are the source's; the others cost %s nats a token"
                        .formatted(agreed, written, texts.size(), Numbers.three(excess)),
                texts);
    }

    /** The positions that differ most, with the text before them. */
    static List<Evidence.WorstToken> worst(
            LogitStatistics logits, Prompts prompts, Optional<Vocabulary> vocabulary) {
        List<Evidence.WorstToken> tokens = new ArrayList<>();
        for (LogitStatistics.Position position : logits.worst()) {
            int[] prompt = prompts.compared().get(position.prompt());
            int end = position.position() + 1;
            int[] before = Arrays.copyOfRange(prompt, Math.max(0, end - CONTEXT), end);
            tokens.add(
                    new Evidence.WorstToken(
                            text(vocabulary, new int[0], before),
                            text(vocabulary, before, new int[] {position.expected()}),
                            text(vocabulary, before, new int[] {position.found()}),
                            position.kl()));
        }
        return tokens;
    }

    /** What tokens add to the text of those before them; ids where there is no vocabulary. */
    private static String text(Optional<Vocabulary> vocabulary, int[] before, int[] ids) {
        if (vocabulary.isEmpty()) return Arrays.toString(ids);
        Vocabulary known = vocabulary.get();
        for (int id : ids) {
            if (id >= known.tokenizer().size()) return Arrays.toString(ids);
        }
        int[] all = Arrays.copyOf(before, before.length + ids.length);
        System.arraycopy(ids, 0, all, before.length, ids.length);
        String context = known.tokenizer().decode(before);
        String whole = known.tokenizer().decode(all);
        String added = whole.startsWith(context) ? whole.substring(context.length()) : whole;
        // A control token adds no text: its name says more than nothing.
        if (added.isEmpty() && ids.length == 1) return known.tokenizer().piece(ids[0]);
        return added;
    }
}
