package tk.tokenizer;

import tk.error.IoException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files that together are a Hugging Face tokenizer, each where it exists.
 *
 * @param model {@code tokenizer.model}: a SentencePiece model, or tiktoken's ranks as text
 * @param json {@code tokenizer.json}
 * @param config {@code tokenizer_config.json}
 * @param addedTokens {@code added_tokens.json}
 * @param specialTokensMap {@code special_tokens_map.json}
 * @param vocab {@code vocab.json}
 * @param merges {@code merges.txt}
 * @param chatTemplate {@code chat_template.jinja}
 * @param chatTemplateJson {@code chat_template.json}
 * @param additionalTemplates {@code additional_chat_templates/*.jinja}, by name
 */
public record TokenizerFiles(
        Optional<Path> model,
        Optional<Path> json,
        Optional<Path> config,
        Optional<Path> addedTokens,
        Optional<Path> specialTokensMap,
        Optional<Path> vocab,
        Optional<Path> merges,
        Optional<Path> chatTemplate,
        Optional<Path> chatTemplateJson,
        List<Path> additionalTemplates) {

    /** No file at all. */
    public static final TokenizerFiles NONE =
            new TokenizerFiles(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    List.of());

    /** Copies the list. */
    public TokenizerFiles {
        additionalTemplates = List.copyOf(additionalTemplates);
    }

    /** The files of a folder, found by their names. */
    public static TokenizerFiles in(Path folder) {
        return new TokenizerFiles(
                named(folder, "tokenizer.model"),
                named(folder, "tokenizer.json"),
                named(folder, "tokenizer_config.json"),
                named(folder, "added_tokens.json"),
                named(folder, "special_tokens_map.json"),
                named(folder, "vocab.json"),
                named(folder, "merges.txt"),
                named(folder, "chat_template.jinja"),
                named(folder, "chat_template.json"),
                templates(folder.resolve("additional_chat_templates")));
    }

    /**
     * What {@code --tokenizer} names: a folder, or one file that is recognised by its first byte as
     * JSON or as a {@code tokenizer.model}, whatever its name; its neighbours are not looked at.
     */
    public static TokenizerFiles of(Path path) {
        if (Files.isDirectory(path)) return in(path);
        try (var in = Files.newInputStream(path)) {
            int first = in.read();
            boolean json = first == '{' || first == ' ' || first == '\r';
            return json ? NONE.withJson(path) : NONE.withModel(path);
        } catch (IOException e) {
            throw new IoException(
                    path + ": the tokenizer cannot be read", "Check the path of --tokenizer.", e);
        }
    }

    /** Whether a file starts as a {@code tokenizer.model} or a {@code tokenizer.json} does. */
    public static boolean recognises(Path file) {
        try (var in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(4096);
            return SentencePieceModel.recognises(head)
                    || Tiktoken.recognises(head)
                    || new String(head, StandardCharsets.ISO_8859_1).stripLeading().startsWith("{");
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** The same with another {@code tokenizer.model}. */
    public TokenizerFiles withModel(Path file) {
        return new TokenizerFiles(
                Optional.of(file),
                json,
                config,
                addedTokens,
                specialTokensMap,
                vocab,
                merges,
                chatTemplate,
                chatTemplateJson,
                additionalTemplates);
    }

    /** The same with another {@code tokenizer.json}. */
    public TokenizerFiles withJson(Path file) {
        return new TokenizerFiles(
                model,
                Optional.of(file),
                config,
                addedTokens,
                specialTokensMap,
                vocab,
                merges,
                chatTemplate,
                chatTemplateJson,
                additionalTemplates);
    }

    /** Whether there is anything to tokenize with. */
    public boolean isPresent() {
        return model.isPresent() || json.isPresent() || vocab.isPresent();
    }

    /** All files that exist, in the order of the components. */
    public List<Path> all() {
        return Stream.concat(
                        Stream.of(
                                        model,
                                        json,
                                        config,
                                        addedTokens,
                                        specialTokensMap,
                                        vocab,
                                        merges,
                                        chatTemplate,
                                        chatTemplateJson)
                                .flatMap(Optional::stream),
                        additionalTemplates.stream())
                .toList();
    }

    private static Optional<Path> named(Path folder, String name) {
        Path file = folder.resolve(name);
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }

    private static List<Path> templates(Path folder) {
        if (!Files.isDirectory(folder)) return List.of();
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jinja")) {
            files.forEach(found::add);
        } catch (IOException | UncheckedIOException e) {
            throw new IoException(folder + ": cannot be listed", null, e);
        }
        found.sort(Comparator.comparing(file -> file.getFileName().toString()));
        return found;
    }
}
