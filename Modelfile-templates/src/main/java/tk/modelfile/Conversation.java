package tk.modelfile;

import static tk.gotemplate.Turn.assistant;
import static tk.gotemplate.Turn.system;
import static tk.gotemplate.Turn.user;

import tk.gotemplate.Turn;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * A conversation on which templates are compared; the model's answer is what comes next.
 *
 * @param name what is special about it
 * @param turns the last one is the user's
 */
public record Conversation(String name, List<Turn> turns) {
    /** Those that templates have to agree on: what people say, and what templates stumble over. */
    public static final List<Conversation> BUILT_IN =
            List.of(
                    of("one turn", user("Hello! Who are you?")),
                    of("one turn in Turkish", user("Türkiye'nin başkenti neresidir?")),
                    of("a system text", system("Answer briefly."), user("What is 2 + 2?")),
                    of(
                            "a Turkish system text",
                            system("Türkçe yardımcı asistan. İsteği ığdırlı gibi, şık çöz."),
                            user("Ağaçlar niçin önemlidir?")),
                    of(
                            "several turns",
                            user("Hi."),
                            assistant("Hello! How can I help?"),
                            user("Tell me a joke.")),
                    of(
                            "a system text and several turns",
                            system("You are a pirate."),
                            user("Hi."),
                            assistant("Ahoy, matey!"),
                            user("Where is the treasure?"),
                            assistant("On the island, arr."),
                            user("Thanks!")),
                    of(
                            "emoji and other scripts",
                            user("👩‍👩‍👧 e\u0301 日本語 العربية"),
                            assistant("🇹🇷 tamam"),
                            user("नमस्ते?")),
                    of(
                            "several lines, code and braces",
                            system("Line one.\n\nLine three."),
                            user("```java\nif (a < b) { c(\"{{ x }}\"); }\n```\n- one\n- two"),
                            assistant("1.\tone\n2.\ttwo"),
                            user("a & b 'c' \"d\"")),
                    of("the markup of other formats", user("### Response: [x] User: <y>")),
                    of(
                            "spaces at the ends",
                            system(" Be kind. \n"),
                            user("  Hi there  \n"),
                            assistant(" Hello. \n\n"),
                            user("\tBye ")),
                    of("an empty system text", system(""), user("Is anyone there?")),
                    of(
                            "an empty system text and several turns",
                            system(""),
                            user("a"),
                            assistant("b"),
                            user("c")),
                    of("two user turns in a row", user("First."), user("Second.")),
                    of(
                            "two answers in a row",
                            user("First."),
                            assistant("One."),
                            assistant("Two."),
                            user("Third.")),
                    of(
                            "a system text in the middle",
                            user("First."),
                            assistant("One."),
                            system("From now on, shout."),
                            user("Second.")),
                    of("a user's empty turn", user("a"), assistant("b"), user("")));

    /** Copies the list. */
    public Conversation {
        turns = List.copyOf(turns);
    }

    private static Conversation of(String name, Turn... turns) {
        return new Conversation(name, List.of(turns));
    }

    /** The conversation as Ollama sees it: neighbours of one role joined by a blank line. */
    Conversation joined() {
        List<Turn> joined = new ArrayList<>();
        for (Turn turn : turns) {
            if (!joined.isEmpty() && joined.getLast().role().equals(turn.role())) {
                Turn before = joined.removeLast();
                joined.add(new Turn(turn.role(), before.content() + "\n\n" + turn.content()));
            } else {
                joined.add(turn);
            }
        }
        return new Conversation(name, joined);
    }

    /** Without the white space around each text. */
    Conversation trimmed() {
        return new Conversation(
                name, turns.stream().map(t -> new Turn(t.role(), t.content().strip())).toList());
    }

    /** As a chat template takes it. */
    JsonObject toJson() {
        List<JsonValue> messages = new ArrayList<>();
        for (Turn turn : turns) {
            messages.add(
                    new JsonObject(new LinkedHashMap<>())
                            .with("role", JsonValue.of(turn.role()))
                            .with("content", JsonValue.of(turn.content())));
        }
        return new JsonObject(new LinkedHashMap<>())
                .with("messages", new JsonValue.JsonArray(messages));
    }
}
