package tk.verify.adapter;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * An adapter that was merged; every tensor of it was used exactly once.
 *
 * @param folder as the user gave it
 * @param sha256 of the tensors' file
 * @param tensors how many it has
 * @param modules how many modules something was added to
 * @param replaced how many parameters it holds whole
 * @param scale what its own scales were multiplied with
 * @param kinds what is particular about it, such as {@code DoRA}
 */
public record MergedAdapter(
        Path folder,
        String sha256,
        int tensors,
        int modules,
        int replaced,
        double scale,
        List<String> kinds) {
    /** Copies the list. */
    public MergedAdapter {
        kinds = List.copyOf(kinds);
    }

    JsonObject toJson() {
        return new JsonObject(new LinkedHashMap<>())
                .with("path", JsonValue.of(folder.toString()))
                .with("sha256", JsonValue.of(sha256))
                .with("tensors", JsonValue.of(tensors))
                .with("unused", JsonValue.of(List.of()))
                .with("modules", JsonValue.of(modules))
                .with("replaced", JsonValue.of(replaced))
                .with("scale", JsonValue.of(scale))
                .with("kinds", JsonValue.of(kinds));
    }
}
