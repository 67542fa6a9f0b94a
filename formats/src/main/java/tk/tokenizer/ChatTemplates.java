package tk.tokenizer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The Jinja chat templates of a model.
 *
 * @param main the template that is used where none is asked for by name
 * @param named further ones, by name
 */
public record ChatTemplates(Optional<String> main, SequencedMap<String, String> named) {
    /** No template. */
    public static final ChatTemplates NONE =
            new ChatTemplates(Optional.empty(), new LinkedHashMap<>());

    /** Copies the map. */
    public ChatTemplates {
        named = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(named));
    }
}
