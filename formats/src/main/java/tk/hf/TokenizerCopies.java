package tk.hf;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.tokenizer.TokenizerFiles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/** A tokenizer's files under the names they must have in a model's folder. */
public final class TokenizerCopies {
    /** Several times the largest tokenizer there is. */
    private static final long LARGEST = 1L << 28;

    private TokenizerCopies() {}

    /**
     * The files' bytes by the names that transformers looks for, whatever they were called.
     *
     * @throws IoException where one cannot be read
     */
    public static SequencedMap<String, byte[]> of(TokenizerFiles files) {
        SequencedMap<String, byte[]> copies = new LinkedHashMap<>();
        put(copies, "tokenizer.model", files.model());
        put(copies, "tokenizer.json", files.json());
        put(copies, "tokenizer_config.json", files.config());
        put(copies, "added_tokens.json", files.addedTokens());
        put(copies, "special_tokens_map.json", files.specialTokensMap());
        put(copies, "vocab.json", files.vocab());
        put(copies, "merges.txt", files.merges());
        put(copies, "chat_template.jinja", files.chatTemplate());
        put(copies, "chat_template.json", files.chatTemplateJson());
        for (Path template : files.additionalTemplates())
            put(
                    copies,
                    "additional_chat_templates/" + template.getFileName(),
                    Optional.of(template));
        return copies;
    }

    private static void put(SequencedMap<String, byte[]> copies, String name, Optional<Path> file) {
        if (file.isEmpty()) return;
        try {
            long size = Files.size(file.get());
            if (size > LARGEST) {
                throw new MalformedException(
                        "%s: %d bytes, expected a tokenizer's file of at most %d"
                                .formatted(file.get(), size, LARGEST));
            }
            copies.put(name, Files.readAllBytes(file.get()));
        } catch (IOException e) {
            throw new IoException(file.get() + ": cannot be read: " + e.getMessage(), null, e);
        }
    }
}
