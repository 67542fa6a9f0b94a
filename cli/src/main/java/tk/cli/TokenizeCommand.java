package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.error.UsageException;
import tk.filekind.FileKind;
import tk.filekind.FileKinds;
import tk.filekind.TextFile;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tokenizer.TiktokenTokenizer;
import tk.tokenizer.Tokenizer;
import tk.tokenizer.Tokenizer.Specials;
import tk.tokenizer.TokenizerFiles;
import tk.verify.tokens.SourceVocabulary;
import tk.verify.tokens.Vocabulary;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** {@code tk tokenize}: the ids and pieces of a text. */
@Command(
        name = "tokenize",
        description = "Shows the tokens of a text, by the source's tokenizer or the GGUF's.",
        footer = {
            "",
            "MODEL is a model, its folder, or a tokenizer.model or tokenizer.json alone. A GGUF's text is cut as",
            "llama.cpp cuts it, any other as its own library does: SentencePiece, tokenizers, tiktoken."
        })
final class TokenizeCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private InputOptions inputs;

    @Option(names = "--ids", description = "Print the ids alone, as a list.")
    private boolean ids;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Read the text from a file.")
    private @Nullable Path file;

    @Option(names = "--no-bos", description = "Add no token before or after the text.")
    private boolean bare;

    @Option(
            names = "--no-parse-special",
            description = "Take the spelling of a special token, such as <s>, for ordinary text.")
    private boolean asText;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Whose tokenizer to use.")
    private Path model;

    @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "What to cut.")
    private @Nullable String text;

    @SuppressWarnings("NullAway.Init")
    TokenizeCommand() {}

    @Override
    public Integer call() {
        if ((text == null) == (file == null)) {
            throw new UsageException(
                    text == null ? "no text given" : "a text and --file are given",
                    "tk tokenize MODEL TEXT, or tk tokenize MODEL --file FILE");
        }
        String input = text != null ? text : TextFile.verbatim(Objects.requireNonNull(file));
        Vocabulary vocabulary = vocabulary();
        int[] tokens =
                vocabulary.tokenizer().encode(input, asText ? Specials.AS_TEXT : Specials.PARSE);
        if (!bare) tokens = surrounded(vocabulary, tokens);
        show(vocabulary, tokens);
        return 0;
    }

    /** What the tokenizer puts around every text. */
    private static int[] surrounded(Vocabulary vocabulary, int[] tokens) {
        IntStream before = vocabulary.addBos() ? vocabulary.firstBos().stream() : IntStream.empty();
        IntStream after =
                vocabulary.addEos()
                        ? vocabulary.eos().stream().mapToInt(Integer::intValue).sorted().limit(1)
                        : IntStream.empty();
        return IntStream.concat(IntStream.concat(before, IntStream.of(tokens)), after).toArray();
    }

    private Vocabulary vocabulary() {
        TokenizerFiles alone = tokenizerAlone();
        if (alone.isPresent()) return SourceVocabulary.of(alone, configs(model));
        try (ModelSource source = inputs.open(model)) {
            if (source.gguf().isPresent() && source.options().tokenizer().isEmpty())
                return Vocabulary.of(source.gguf().get());
            List<JsonObject> configs = new ArrayList<>();
            source.config().ifPresent(config -> configs.add(config.json()));
            source.generationConfig().ifPresent(configs::add);
            return SourceVocabulary.of(source.tokenizer(), configs);
        }
    }

    /** The tokenizer, where the model's weights need not be looked for. */
    private TokenizerFiles tokenizerAlone() {
        if (Files.isDirectory(model)) {
            boolean meta = Files.exists(model.resolve("params.json"));
            return meta || inputs.namesTokenizer() ? TokenizerFiles.NONE : TokenizerFiles.in(model);
        }
        boolean isTokenizer =
                Files.isRegularFile(model)
                        && !(FileKinds.of(model) instanceof FileKind.Weights)
                        && TokenizerFiles.recognises(model);
        return isTokenizer ? TokenizerFiles.of(model) : TokenizerFiles.NONE;
    }

    private static List<JsonObject> configs(Path folder) {
        return Stream.of("config.json", "generation_config.json")
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .map(Json::readObject)
                .toList();
    }

    private void show(Vocabulary vocabulary, int[] tokens) {
        List<Object> rows = new ArrayList<>();
        StringBuilder lines = new StringBuilder();
        for (int id : tokens) {
            String piece = vocabulary.tokenizer().piece(id);
            SequencedMap<String, Object> row = new LinkedHashMap<>();
            row.put("id", id);
            row.put("piece", piece);
            rows.add(row);
            lines.append(lines.isEmpty() ? "" : "\n")
                    .append("%6d -> '%s'".formatted(id, visible(readable(vocabulary, id))));
        }
        List<Integer> all = IntStream.of(tokens).boxed().toList();
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("count", JsonValue.of(tokens.length))
                        .with("ids", JsonValue.of(all))
                        .with("tokens", JsonValue.of(rows));
        common.result(json, ids ? all.toString() : lines.toString());
    }

    /** A token as its vocabulary spells it, but bytes as the characters they are. */
    private static String readable(Vocabulary vocabulary, int id) {
        Tokenizer tokenizer = vocabulary.tokenizer();
        boolean bytes = tokenizer instanceof TiktokenTokenizer || !vocabulary.merges().isEmpty();
        String read = bytes ? tokenizer.decode(id) : "";
        return read.isEmpty() || read.indexOf('\ufffd') >= 0 ? tokenizer.piece(id) : read;
    }

    private static String visible(String piece) {
        return piece.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }
}
