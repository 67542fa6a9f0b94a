package tk.verify;

import tk.verify.reference.LogitModel;
import tk.verify.tokens.Vocabulary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What both models write.
 *
 * @param agreed tokens that agree before the first of each text that doesn't
 * @param written tokens written
 * @param regret mean nats that the source would have found another token likelier
 * @param texts for the report
 */
record Continuations(int agreed, int written, double regret, List<Evidence.Continuation> texts) {
    /** Tokens of context that a reader is shown. */
    private static final int CONTEXT = 16;

    /** Lets both continue every prompt. */
    static Continuations of(
            LogitModel reference,
            LogitModel candidate,
            Prompts prompts,
            Optional<Vocabulary> vocabulary) {
        List<Evidence.Continuation> texts = new ArrayList<>();
        int agreed = 0;
        int written = 0;
        double regret = 0;
        List<Greedy> all =
                Greedy.of(reference, candidate, prompts.continued(), prompts.continuation());
        for (int i = 0; i < all.size(); i++) {
            int[] prompt = prompts.continued().get(i);
            Greedy greedy = all.get(i);
            agreed += greedy.agreed();
            written += greedy.reference().length;
            regret += greedy.regret() / prompts.continued().size();
            texts.add(
                    new Evidence.Continuation(
                            text(vocabulary, new int[0], prompt),
                            text(vocabulary, prompt, greedy.reference()),
                            text(vocabulary, prompt, greedy.candidate()),
                            greedy.agreed(),
                            greedy.reference().length));
        }
        return new Continuations(agreed, written, regret, texts);
    }

    /** The gate: another token may be chosen where the source finds it about as likely. */
    GateResult gate(Tolerances limits) {
        Findings findings = new Findings(Gate.BEHAVIOUR);
        if (written == 0) findings.fail("nothing was continued");
        if (!(regret <= limits.maxBehaviour())) {
            findings.fail(
                    "the source finds the candidate's words %s nats a token less likely than its own, at most %s expected"
                            .formatted(
                                    Numbers.three(regret), Numbers.three(limits.maxBehaviour())));
        }
        return findings.result(
                "%d of %d tokens of %d continuations are the source's; at the others it would lose %s nats a token"
                        .formatted(agreed, written, texts.size(), Numbers.three(regret)));
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
        // Prompts that begin alike differ alike.
        return tokens.stream().distinct().toList();
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
