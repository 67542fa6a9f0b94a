package tk.modelfile;

import tk.gotemplate.Turn;
import tk.jinja.Rendering;
import tk.json.JsonValue.JsonArray;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A Go template that is written from what a chat template makes of a few conversations.
 *
 * <p>Most chat templates put the same text between two messages wherever they stand, and it depends
 * on nothing but who spoke before and who speaks next. That text is found by giving the chat
 * template messages of known words and looking at what stands between them. Where a chat template
 * does more than that, the result is wrong: it counts only once {@link TemplateComparison} has it
 * make the same tokens.
 */
final class DerivedTemplate {
    private static final String NAME = "derived";

    /** Who speaks before the first message, and after the last. */
    private static final String NOBODY = "";

    private static final String SYSTEM = "system";
    private static final String USER = "user";

    /** Of a system message that is not the first: some write it another way. */
    private static final String LATER_SYSTEM = "later";

    private static final String ASSISTANT = "assistant";

    /** What a chat template takes if it takes anything, or else is no guide. */
    private static final List<List<String>> USUAL =
            List.of(List.of(USER), List.of(USER, ASSISTANT, USER, ASSISTANT, USER));

    /** What some refuse, or leave the system text out of. */
    private static final List<List<String>> UNUSUAL =
            List.of(
                    List.of(SYSTEM, USER, ASSISTANT, USER),
                    List.of(USER, ASSISTANT, SYSTEM, USER),
                    List.of(USER, SYSTEM, USER));

    /** What marks a turn in most formats. */
    private static final Pattern MARK =
            Pattern.compile("<[^<>\\s]{1,40}>|\\[/?[A-Z_]{2,40}]", Pattern.UNICODE_CHARACTER_CLASS);

    /** Where one message ends and another begins; either may be {@link #NOBODY}. */
    private record Border(String before, String next) {}

    private final ChatPrompt chat;
    private final Map<Border, String> texts = new LinkedHashMap<>();

    private DerivedTemplate(ChatPrompt chat) {
        this.chat = chat;
    }

    /** What can be written, if the chat template is of the kind that something can be for. */
    static Optional<DerivedTemplate> of(ChatPrompt chat) {
        DerivedTemplate derived = new DerivedTemplate(chat);
        for (List<String> roles : USUAL) if (!derived.learn(roles)) return Optional.empty();
        for (List<String> roles : UNUSUAL) derived.learn(roles);
        return Optional.of(derived);
    }

    /** Whether a system message comes into the prompt. */
    boolean showsSystem() {
        return texts.containsKey(new Border(NOBODY, SYSTEM));
    }

    /** Learns what stands at the borders of such a conversation, unless it contradicts itself. */
    private boolean learn(List<String> roles) {
        List<Turn> turns = new ArrayList<>();
        for (String role : roles) turns.add(turn(role, "tk-" + turns.size() + "-tk"));
        if (!(render(turns) instanceof Rendering.Text(String text))) return false;
        Map<Border, String> found = new LinkedHashMap<>();
        String before = NOBODY;
        int from = 0;
        for (Turn turn : turns) {
            int at = text.indexOf(turn.content(), from);
            if (at < 0) return false;
            boolean later = turn.role().equals(SYSTEM) && turn != turns.getFirst();
            String next = later ? LATER_SYSTEM : turn.role();
            if (!note(found, new Border(before, next), text.substring(from, at))) return false;
            before = next;
            from = at + turn.content().length();
        }
        if (!note(found, new Border(before, NOBODY), text.substring(from))) return false;
        texts.putAll(found);
        return true;
    }

    private Rendering render(List<Turn> turns) {
        Conversation conversation =
                new Conversation("known words", turns, new JsonArray(List.of()));
        return chat.render(conversation, true, ChatPrompt.DAY);
    }

    /** Whether a system text without any is like no system message. */
    private boolean ignoresEmptySystem() {
        Turn user = turn(USER, "tk");
        return render(List.of(turn(SYSTEM, ""), user)).equals(render(List.of(user)));
    }

    private static Turn turn(String role, String content) {
        return switch (role) {
            case SYSTEM -> Turn.system(content);
            case USER -> Turn.user(content);
            default -> Turn.assistant(content);
        };
    }

    /** Takes down a border's text, unless another one is known for it: then false. */
    private boolean note(Map<Border, String> found, Border border, String text) {
        String own = border.before().equals(NOBODY) ? withoutBos(text) : text;
        String known = found.putIfAbsent(border, own);
        if (known == null) known = texts.get(border);
        return known == null || known.equals(own);
    }

    /** The runtime adds BOS, as to the templates that tk ships. */
    private String withoutBos(String text) {
        String bos = chat.specials().getOrDefault("bos_token", "");
        return text.startsWith(bos) ? text.substring(bos.length()) : text;
    }

    /** The template, without BOS. */
    PromptTemplate template() {
        return new PromptTemplate(
                NAME,
                "written from the model's own chat template",
                text(),
                "",
                List.of(),
                List.copyOf(stops()),
                new LinkedHashMap<>(),
                new LinkedHashMap<>());
    }

    /** A message that comes where the chat template shows none is left out. */
    private String text() {
        boolean skipsEmpty = ignoresEmptySystem();
        List<String> messages = new ArrayList<>();
        List<String> ends = new ArrayList<>();
        texts.forEach(
                (border, text) -> {
                    String before = "eq $before " + quoted(border.before());
                    if (border.next().equals(NOBODY)) {
                        ends.add("if %s }}%s\n".formatted(before, literal(text)));
                    } else {
                        messages.add(
                                "if and (%s) %s }}%s{{ .Content }}{{ $before = %s }}\n"
                                        .formatted(
                                                before,
                                                is(border.next(), skipsEmpty),
                                                literal(text),
                                                quoted(border.next())));
                    }
                });
        return "{{- $before := \"\" }}\n{{- range .Messages }}\n"
                + chain(messages)
                + "\n{{- end }}\n"
                + chain(ends);
    }

    private static String is(String speaker, boolean skipsEmpty) {
        return switch (speaker) {
            case SYSTEM, LATER_SYSTEM -> "(eq .Role \"system\")" + (skipsEmpty ? " .Content" : "");
            default -> "(eq .Role %s)".formatted(quoted(speaker));
        };
    }

    private static String chain(List<String> conditions) {
        return "{{- " + String.join("{{- else ", conditions) + "{{- end }}";
    }

    /** In quotes, so that nothing in it means anything, and no space of it is trimmed. */
    private static String literal(String text) {
        return text.isEmpty() ? "" : "{{ " + quoted(text) + " }}";
    }

    /** A Go string. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints()
                .forEach(
                        c -> {
                            switch (c) {
                                case '"' -> quoted.append("\\\"");
                                case '\\' -> quoted.append("\\\\");
                                case '\n' -> quoted.append("\\n");
                                case '\t' -> quoted.append("\\t");
                                case '\r' -> quoted.append("\\r");
                                default -> quoted.appendCodePoint(c);
                            }
                        });
        return quoted.append('"').toString();
    }

    /** What stands after an answer: its marks, or else its words. */
    private Set<String> stops() {
        String after = texts.getOrDefault(new Border(ASSISTANT, USER), "");
        Set<String> stops = new LinkedHashSet<>();
        MARK.matcher(after).results().forEach(mark -> stops.add(mark.group()));
        stops.remove(chat.specials().getOrDefault("bos_token", ""));
        if (stops.isEmpty() && !after.isBlank()) stops.add(after.strip());
        return stops;
    }
}
