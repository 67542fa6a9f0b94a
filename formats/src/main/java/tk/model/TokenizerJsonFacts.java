package tk.model;

import tk.error.MalformedException;
import tk.json.JsonStream;
import tk.tensor.SourceFile;

import java.nio.file.Path;

/**
 * A few facts of a {@code tokenizer.json}, read in passing: real ones have a quarter of a million
 * merges, and nothing of them is kept.
 *
 * @param type of its model, such as {@code BPE} or {@code Unigram}
 * @param size one more than its highest id
 */
record TokenizerJsonFacts(String type, int size) {
    static TokenizerJsonFacts read(Path path) {
        String[] type = {"of an unnamed model"};
        long[] size = new long[1];
        try (SourceFile file = SourceFile.open(path)) {
            JsonStream.read(
                    file.stream(0, file.size()),
                    path.toString(),
                    json ->
                            json.members(
                                    member -> {
                                        switch (member) {
                                            case "model" -> model(json, type, size);
                                            case "added_tokens" -> addedTokens(json, size);
                                            default -> json.skip();
                                        }
                                    }));
        }
        if (size[0] > 1 << 27) throw new MalformedException(path + ": ids up to " + (size[0] - 1));
        return new TokenizerJsonFacts(type[0], (int) size[0]);
    }

    private static void model(JsonStream json, String[] type, long[] size) {
        json.members(
                member -> {
                    if (member.equals("type") && !json.isNull()) {
                        type[0] = json.string();
                    } else if (member.equals("vocab") && json.isObject()) {
                        json.members(token -> size[0] = Math.max(size[0], json.count() + 1));
                    } else if (member.equals("vocab")) {
                        long[] id = new long[1];
                        json.items(
                                () -> {
                                    json.skip();
                                    size[0] = Math.max(size[0], ++id[0]);
                                });
                    } else {
                        json.skip();
                    }
                });
    }

    private static void addedTokens(JsonStream json, long[] size) {
        json.items(
                () ->
                        json.members(
                                member -> {
                                    if (member.equals("id"))
                                        size[0] = Math.max(size[0], json.count() + 1);
                                    else json.skip();
                                }));
    }
}
