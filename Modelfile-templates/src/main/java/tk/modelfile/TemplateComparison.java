package tk.modelfile;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.gotemplate.OllamaTemplate;
import tk.gotemplate.OllamaTemplate.Thinking;
import tk.jinja.Rendering;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A model's chat template and a prompt template on the same conversations.
 *
 * <p>Two things about Ollama no prompt template can undo: it joins neighbours of one role, and has
 * no way to trim a text, as many chat templates do. Where the prompts are the same once the chat
 * template is given joined messages, or both are given texts without spaces around them, that is
 * said, and is no difference of the templates.
 *
 * @param outcomes one for each conversation, with and without thinking
 */
record TemplateComparison(List<Outcome> outcomes) {
    /** How a conversation came out. */
    enum Verdict {
        /** The same token ids. */
        SAME,
        /** The same once neighbours of one role are joined, as Ollama does. */
        SAME_JOINED,
        /** The same once the texts are without the spaces around them. */
        SAME_TRIMMED,
        /** The same once the JSON in both is spelled alike, which no template can see to. */
        SAME_BUT_JSON,
        /** The same but for BOS, which the vocabulary adds or does not. */
        SAME_BUT_BOS,
        /** The chat template does not take it. */
        REFUSED,
        /** Other token ids. */
        DIFFERENT
    }

    /**
     * What became of one conversation.
     *
     * @param thinks whether thinking was left on
     * @param chatPrompt the chat template's, or what it says where it refuses
     * @param ollamaPrompt the prompt template's
     */
    record Outcome(
            Conversation conversation,
            boolean thinks,
            Verdict verdict,
            String chatPrompt,
            String ollamaPrompt) {
        boolean hasTools() {
            return !conversation.tools().items().isEmpty();
        }
    }

    /** What can be done to a conversation, or to the way in which it is taken. */
    private record Reading(
            Verdict verdict,
            UnaryOperator<Conversation> chat,
            UnaryOperator<Conversation> ollama) {}

    private static final List<Reading> READINGS =
            List.of(
                    new Reading(Verdict.SAME, c -> c, c -> c),
                    new Reading(Verdict.SAME_JOINED, Conversation::joined, c -> c),
                    // Some texts are trimmed and others not: without spaces, nothing is.
                    new Reading(Verdict.SAME_TRIMMED, Conversation::trimmed, Conversation::trimmed),
                    new Reading(
                            Verdict.SAME_TRIMMED,
                            c -> c.joined().trimmed(),
                            Conversation::trimmed));

    /** On all built-in conversations; those with tools where the chat template takes tools. */
    static TemplateComparison of(ChatPrompt chat, OllamaTemplate ollama, PromptTokens tokens) {
        List<Conversation> conversations = new ArrayList<>(Conversation.BUILT_IN);
        if (chat.takesTools()) conversations.addAll(Conversation.WITH_TOOLS);
        return of(chat, ollama, tokens, conversations);
    }

    static TemplateComparison of(
            ChatPrompt chat,
            OllamaTemplate ollama,
            PromptTokens tokens,
            List<Conversation> conversations) {
        List<Outcome> outcomes = new ArrayList<>();
        for (boolean thinks : new boolean[] {true, false}) {
            for (Conversation conversation : conversations)
                outcomes.add(outcome(conversation, thinks, chat, ollama, tokens));
        }
        return new TemplateComparison(outcomes);
    }

    private static Outcome outcome(
            Conversation conversation,
            boolean thinks,
            ChatPrompt chat,
            OllamaTemplate ollama,
            PromptTokens tokens) {
        Optional<Outcome> plain = Optional.empty();
        for (Reading reading : READINGS) {
            Rendering rendering =
                    chat.render(reading.chat().apply(conversation), thinks, ChatPrompt.DAY);
            String prompt = prompt(ollama, reading.ollama().apply(conversation), thinks);
            Outcome outcome =
                    switch (rendering) {
                        case Rendering.Refused(String message) ->
                                new Outcome(conversation, thinks, Verdict.REFUSED, message, prompt);
                        case Rendering.Text(String text) ->
                                new Outcome(
                                        conversation,
                                        thinks,
                                        verdict(reading, text, prompt, tokens),
                                        text,
                                        prompt);
                    };
            boolean settled =
                    outcome.verdict() != Verdict.DIFFERENT && outcome.verdict() != Verdict.REFUSED;
            if (settled) return outcome;
            if (plain.isEmpty()) plain = Optional.of(outcome);
        }
        return plain.orElseThrow();
    }

    private static Verdict verdict(
            Reading reading, String chat, String ollama, PromptTokens tokens) {
        if (tokens.same(chat, ollama)) return reading.verdict();
        if (tokens.sameButBos(chat, ollama)) return Verdict.SAME_BUT_BOS;
        String unified = JsonSpelling.unified(chat);
        String other = JsonSpelling.unified(ollama);
        return tokens.same(unified, other) || tokens.sameButBos(unified, other)
                ? Verdict.SAME_BUT_JSON
                : Verdict.DIFFERENT;
    }

    private static String prompt(OllamaTemplate ollama, Conversation conversation, boolean thinks) {
        try {
            return ollama.render(
                    conversation.turns(),
                    conversation.tools(),
                    thinks ? Thinking.UNSET : Thinking.OFF,
                    ChatPrompt.DAY::toLocalDate);
        } catch (MalformedException | UnsupportedException e) {
            return e.getMessage();
        }
    }

    /**
     * Whether no conversation without tools came out different, and enough came out the same as
     * they are.
     */
    boolean matches() {
        return ordinary().count(Verdict.DIFFERENT) == 0
                && ordinary().count(Verdict.SAME) + ordinary().count(Verdict.SAME_BUT_BOS) > 4;
    }

    /** Whether no conversation with tools came out different, if there are any. */
    boolean matchesTools() {
        return withTools().count(Verdict.DIFFERENT) == 0;
    }

    private TemplateComparison ordinary() {
        return new TemplateComparison(outcomes.stream().filter(o -> !o.hasTools()).toList());
    }

    /** Those with tools alone. */
    TemplateComparison withTools() {
        return new TemplateComparison(outcomes.stream().filter(Outcome::hasTools).toList());
    }

    long count(Verdict verdict) {
        return outcomes.stream().filter(o -> o.verdict() == verdict).count();
    }

    /** The first that came out different. */
    Optional<Outcome> firstDifference() {
        return outcomes.stream().filter(o -> o.verdict() == Verdict.DIFFERENT).findFirst();
    }

    private long agreement() {
        return outcomes.size() - count(Verdict.DIFFERENT) - count(Verdict.REFUSED);
    }

    /**
     * The more agrees, the closer the templates are; by how they begin and end where nothing does.
     */
    long closeness() {
        long shared = 0;
        for (Outcome outcome : outcomes) {
            if (outcome.verdict() == Verdict.DIFFERENT)
                shared += shared(outcome.chatPrompt(), outcome.ollamaPrompt());
        }
        return agreement() * 1_000_000 + shared;
    }

    private static int shared(String a, String b) {
        int most = Math.min(a.length(), b.length());
        int begin = 0;
        while (begin < most && a.charAt(begin) == b.charAt(begin)) begin++;
        int end = 0;
        while (end < most - begin
                && a.charAt(a.length() - 1 - end) == b.charAt(b.length() - 1 - end)) end++;
        return begin + end;
    }

    /** What a person should know of a match. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (count(Verdict.SAME_TRIMMED) > 0) {
            notes.add(
                    "the model's chat template takes away spaces around the texts; Ollama's templates cannot");
        }
        if (count(Verdict.SAME_JOINED) > 0)
            notes.add("Ollama joins two messages of one role in a row into one");
        if (count(Verdict.SAME_BUT_JSON) > 0) {
            notes.add(
                    "tools, calls and results are the same JSON, which Ollama spells without spaces and with sorted names");
        }
        if (count(Verdict.SAME_BUT_BOS) > 0) {
            notes.add(
                    "the model's chat template and its vocabulary disagree on whether a prompt begins with BOS; the runtime does what the vocabulary says");
        }
        return notes;
    }

    /** The conversations by outcome, in words. */
    String summary() {
        long same = agreement();
        String refused =
                count(Verdict.REFUSED) == 0
                        ? ""
                        : ", %d the chat template does not take".formatted(count(Verdict.REFUSED));
        return "%d of %d conversations become the same tokens%s"
                .formatted(same, outcomes.size(), refused);
    }
}
