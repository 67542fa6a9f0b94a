package tk.model;

import tk.error.TkException;
import tk.gguf.GgufMetadata;
import tk.json.JsonStream;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.SourceFile;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What there is to say of a model's tokenizer without tokenizing.
 *
 * @param kind such as {@code SentencePiece BPE}, {@code tokenizer.json BPE}, {@code tiktoken},
 *     {@code GGUF llama}
 * @param size how many tokens it has, added ones included
 * @param byteFallback whether characters it has no token for are spelled in bytes
 * @param special ids of special tokens by GGUF's short words ({@code bos}, {@code eos}, …)
 * @param chatTemplate whether there is a chat template
 * @param files their names; empty where it is within a GGUF
 * @param problem why the rest could not be found out
 */
public record TokenizerSummary(
        String kind,
        Optional<Integer> size,
        Optional<Boolean> byteFallback,
        SequencedMap<String, Integer> special,
        boolean chatTemplate,
        List<String> files,
        Optional<String> problem) {

    /** Special tokens of Llama 3, which its file of ranks does not list. */
    private static final int TIKTOKEN_SPECIAL = 256;

    private static final int CHUNK = 1 << 16;

    /** Of a source; empty where it has no tokenizer. */
    static Optional<TokenizerSummary> of(ModelSource source) {
        if (source.gguf().isPresent()) return ofGguf(source.gguf().get());
        TokenizerFiles files = TokenizerFiles.NONE;
        try {
            files = source.tokenizer();
            if (!files.isPresent()) return Optional.empty();
            return Optional.of(ofFiles(files));
        } catch (TkException e) {
            return Optional.of(broken("unreadable", files, e));
        }
    }

    private static Optional<TokenizerSummary> ofGguf(GgufMetadata metadata) {
        Optional<String> model = metadata.string("tokenizer.ggml.model");
        if (model.isEmpty()) return Optional.empty();
        String kind =
                "GGUF "
                        + model.get()
                        + metadata.string("tokenizer.ggml.pre")
                                .map(pre -> " (" + pre + ")")
                                .orElse("");
        try {
            GgufVocabulary vocabulary = GgufVocabulary.fromGguf(metadata);
            boolean pieces = vocabulary.model().equals(GgufVocabulary.SPM);
            return Optional.of(
                    new TokenizerSummary(
                            kind,
                            Optional.of(vocabulary.tokens().size()),
                            pieces
                                    ? Optional.of(vocabulary.missingBytes().isEmpty())
                                    : Optional.empty(),
                            vocabulary.specialIds(),
                            vocabulary.chatTemplates().main().isPresent(),
                            List.of(),
                            Optional.empty()));
        } catch (TkException e) {
            return Optional.of(broken(kind, TokenizerFiles.NONE, e));
        }
    }

    private static TokenizerSummary broken(String kind, TokenizerFiles files, TkException why) {
        return new TokenizerSummary(
                kind,
                Optional.empty(),
                Optional.empty(),
                new LinkedHashMap<>(),
                false,
                names(files),
                Optional.of(why.getMessage()));
    }

    private static TokenizerSummary ofFiles(TokenizerFiles files) {
        SequencedMap<String, Integer> special = new LinkedHashMap<>();
        String kind;
        Optional<Integer> size = Optional.empty();
        Optional<Boolean> byteFallback = Optional.empty();
        if (files.model().isPresent() && isSentencePiece(files.model().get())) {
            SentencePieceModel model = SentencePieceModel.read(files.model().get());
            String algorithm = model.algorithm().name();
            kind =
                    "SentencePiece "
                            + (algorithm.equals("BPE")
                                    ? algorithm
                                    : algorithm.toLowerCase(Locale.ROOT));
            size = Optional.of(model.pieces().size());
            byteFallback =
                    Optional.of(model.pieces().stream().anyMatch(p -> p.type() == TokenType.BYTE));
            model.bosId().ifPresent(id -> special.put("bos", id));
            model.eosId().ifPresent(id -> special.put("eos", id));
            special.put("unk", model.unknownId());
            model.padId().ifPresent(id -> special.put("pad", id));
        } else if (files.json().isPresent()) {
            TokenizerJsonFacts facts = TokenizerJsonFacts.read(files.json().get());
            kind = "tokenizer.json " + facts.type();
            size = Optional.of(facts.size());
        } else if (files.model().isPresent()) {
            kind = "tiktoken";
            size = Optional.of(ranks(files.model().get()) + TIKTOKEN_SPECIAL);
            byteFallback = Optional.of(true);
        } else {
            kind = "vocab.json and merges.txt";
        }
        return new TokenizerSummary(
                kind,
                size,
                byteFallback,
                special,
                hasTemplate(files),
                names(files),
                Optional.empty());
    }

    /** One rank a line: as many as there are line feeds, and a last line without one. */
    private static int ranks(Path file) {
        try (SourceFile source = SourceFile.open(file)) {
            int lines = 0;
            byte last = '\n';
            for (long at = 0; at < source.size(); at += CHUNK) {
                byte[] chunk = source.read(at, (int) Math.min(CHUNK, source.size() - at));
                for (byte b : chunk) {
                    if (b == '\n' && last != '\n') lines++;
                    last = b;
                }
            }
            return last == '\n' ? lines : lines + 1;
        }
    }

    /** Whether a {@code tokenizer.model} is one; Llama 3's is a text of ranks. */
    static boolean isSentencePiece(Path file) {
        try (SourceFile source = SourceFile.open(file)) {
            return SentencePieceModel.recognises(source.read(0, (int) Math.min(16, source.size())));
        }
    }

    /** Found without reading it: whether it renders is another question. */
    private static boolean hasTemplate(TokenizerFiles files) {
        if (files.chatTemplate().isPresent() || files.chatTemplateJson().isPresent()) return true;
        if (files.config().isEmpty()) return false;
        boolean[] found = new boolean[1];
        try (SourceFile config = SourceFile.open(files.config().get())) {
            JsonStream.read(
                    config.stream(0, config.size()),
                    config.toString(),
                    json ->
                            json.members(
                                    name -> {
                                        if (name.equals("chat_template")) found[0] = !json.isNull();
                                        json.skip();
                                    }));
        }
        return found[0];
    }

    private static List<String> names(TokenizerFiles files) {
        return files.all().stream().map(file -> String.valueOf(file.getFileName())).toList();
    }

    /** As {@code tk inspect --json} shows it. */
    public JsonObject json() {
        SequencedMap<String, JsonValue> json = new LinkedHashMap<>();
        json.put("kind", JsonValue.of(kind));
        json.put("size", JsonValue.of(size));
        json.put("byteFallback", JsonValue.of(byteFallback));
        json.put("special", JsonValue.of(special));
        json.put("chatTemplate", JsonValue.of(chatTemplate));
        json.put("files", JsonValue.of(files));
        problem.ifPresent(text -> json.put("problem", JsonValue.of(text)));
        return new JsonObject(json);
    }
}
