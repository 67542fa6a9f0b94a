package tk.cli;

import tk.gotemplate.OllamaTemplate;
import tk.gotemplate.OllamaTemplate.Thinking;
import tk.gotemplate.Turn;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.Conversation;
import tk.modelfile.PromptTemplate;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/** The prompt templates, for people and for scripts. */
final class TemplateText {
    private static final List<Turn> SHORT = List.of(Turn.system("S"), Turn.user("U"));

    private static final List<Turn> LONG =
            List.of(
                    Turn.system("Türkçe yardımcı asistan."),
                    Turn.user("Türkiye'nin başkenti neresidir?"),
                    Turn.assistant("Ankara."),
                    Turn.user("Peki en kalabalık şehri?"));

    /** A question, a call, its result. */
    private static final int TOOL_RESULT = 2;

    private TemplateText() {}

    /** A line and a prompt for each. */
    static String listed(List<PromptTemplate> templates) {
        List<String> lines = new ArrayList<>();
        for (PromptTemplate template : templates) {
            lines.add(
                    String.format(
                            Locale.ROOT, "%-18s %s", template.name(), template.description()));
            lines.add(" ".repeat(19) + oneLine(prompt(template, SHORT)));
        }
        lines.add("");
        lines.add(
                "S and U stand for the system's and the user's text; BOS is added by the runtime.");
        return String.join("\n", lines);
    }

    /** Everything about one. */
    static String shown(PromptTemplate template) {
        List<String> lines = new ArrayList<>();
        lines.add(template.name() + ": " + template.description());
        lines.add("");
        lines.add("TEMPLATE");
        lines.add(template.text());
        lines.add("");
        for (String stop : template.stops()) lines.add("PARAMETER stop " + oneLine(stop));
        template.parameters()
                .forEach((name, value) -> lines.add("PARAMETER " + name + " " + value));
        template.systems()
                .forEach((language, text) -> lines.add("SYSTEM (" + language + ") " + text));
        lines.add("");
        lines.add("A conversation becomes");
        lines.add(prompt(template, LONG));
        if (takesTools(template)) {
            lines.add("");
            lines.add("With tools a conversation becomes");
            lines.add(prompt(template, Conversation.WITH_TOOLS.get(TOOL_RESULT)));
        }
        return String.join("\n", lines);
    }

    static JsonObject json(PromptTemplate template) {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("name", template.name());
        members.put("description", template.description());
        members.put("template", template.text());
        members.put("chatTemplate", template.chatTemplate());
        members.put("stop", template.stops());
        members.put("parameters", template.parameters());
        members.put("system", template.systems());
        members.put("tools", takesTools(template));
        members.put("example", prompt(template, LONG));
        return (JsonObject) JsonValue.of(members);
    }

    static JsonObject json(List<PromptTemplate> templates) {
        return new JsonObject(new LinkedHashMap<>())
                .with(
                        "templates",
                        JsonValue.of(templates.stream().map(TemplateText::json).toList()));
    }

    private static boolean takesTools(PromptTemplate template) {
        return OllamaTemplate.parse(template.text()).usesTools();
    }

    private static String prompt(PromptTemplate template, List<Turn> turns) {
        return prompt(template, new Conversation("", turns, new JsonArray(List.of())));
    }

    private static String prompt(PromptTemplate template, Conversation talk) {
        return OllamaTemplate.parse(template.text())
                .render(talk.turns(), talk.tools(), Thinking.UNSET, LocalDate::now);
    }

    private static String oneLine(String text) {
        return text.replace("\n", "⏎");
    }
}
