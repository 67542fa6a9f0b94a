package tk.tokenizer;

import tk.error.MalformedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;

/**
 * What surrounds a vocabulary: ids of special tokens, which of them are added to a text, chat
 * templates, normalizer flags. Gathered from a folder's JSON files in the order and with the
 * precedence of convert_hf_to_gguf, so that the keys come out the same.
 *
 * <p>Source: gguf-py, {@code gguf/vocab.py}, class SpecialVocab.
 */
final class SpecialVocabulary {
    private final List<String> types;
    private final OptionalInt size;
    private final List<String> warnings;

    final SequencedMap<String, Integer> ids = new LinkedHashMap<>();
    final SequencedMap<String, Boolean> added = new LinkedHashMap<>();
    final SequencedMap<String, Boolean> normalizers = new LinkedHashMap<>();
    ChatTemplates chatTemplates = ChatTemplates.NONE;

    /**
     * @param types the special tokens to look for, in this order
     * @param size ids must be below, where it is given
     * @param warnings gets what was left out
     */
    SpecialVocabulary(List<String> types, OptionalInt size, List<String> warnings) {
        this.types = new ArrayList<>(types);
        this.size = size;
        this.warnings = warnings;
    }

    /** The types that convert_hf_to_gguf looks for in every model. */
    static final List<String> USUAL = List.of("bos", "eos", "unk", "sep", "pad", "cls", "mask");

    /** Reads everything; what comes first wins. */
    void load(TokenizerFiles files, JsonObject modelConfig) {
        Optional<JsonObject> tokenizer = files.json().map(Json::readObject);
        Optional<JsonObject> config = files.config().map(Json::readObject);
        fromTokenizer(files, tokenizer, config);
        for (String type : types) {
            String key = type + "_token_id";
            Optional<JsonValue> id = modelConfig.get(key).filter(value -> value != JsonNull.NULL);
            if (id.isEmpty()) id = modelConfig.object("text_config").flatMap(text -> text.get(key));
            id.ifPresent(value -> setId(type, value));
        }
    }

    private void fromTokenizer(
            TokenizerFiles files, Optional<JsonObject> tokenizer, Optional<JsonObject> config) {
        JsonObject settings = config.orElse(new JsonObject(new LinkedHashMap<>()));
        List<JsonValue> addedTokens = List.of();
        if (tokenizer.isPresent()) {
            tokenizer.get().object("normalizer").ifPresent(this::normalizer);
            addedTokens =
                    tokenizer.get().array("added_tokens").map(JsonArray::items).orElse(List.of());
            PostProcessor processor = new PostProcessor(settings, config.isPresent());
            tokenizer.get().object("post_processor").ifPresent(processor::read);
            settings = processor.settings;
        }
        // The original doesn't tell a file that says nothing from none.
        if (settings.members().isEmpty()) return;
        chatTemplates = chatTemplates(settings, files);
        for (String type : types) {
            settings.bool("add_" + type + "_token").ifPresent(on -> setAdded(type, on));
            content(settings.get(type + "_token").orElse(JsonNull.NULL))
                    .flatMap(new AddedIds(addedTokens)::of)
                    .ifPresent(id -> setId(type, id));
        }
    }

    private void setAdded(String type, boolean on) {
        if (!List.of("bos", "eos", "sep").contains(type)) return; // no such key in GGUF
        Boolean before = added.putIfAbsent(type, on);
        if (before != null && before != on) {
            warnings.add(
                    "tokenizer_config.json says add_%s_token=%s, tokenizer.json's post_processor says %s, which is kept"
                            .formatted(type, on, before));
        }
    }

    private void setId(String type, JsonValue value) {
        if (!(value instanceof JsonNumber number) || !number.isWhole()) return;
        long id = number.asLong().orElse(-1L);
        if (id < 0 || id >= size.orElse(Integer.MAX_VALUE)) {
            warnings.add(
                    "%s_token_id %s is left out: the vocabulary has %s tokens"
                            .formatted(
                                    type,
                                    number.text(),
                                    size.isPresent() ? size.getAsInt() : "fewer"));
            return;
        }
        // cls has no key in GGUF.
        if (!type.equals("cls")) ids.putIfAbsent(type, (int) id);
    }

    /** The text of a token, which files give as a string or as an object with its content. */
    static Optional<String> content(JsonValue token) {
        return switch (token) {
            case JsonString(String text) -> Optional.of(text);
            case JsonObject object -> object.string("content");
            default -> Optional.empty();
        };
    }

    private void normalizer(JsonObject normalizer) {
        switch (normalizer.string("type").orElse("")) {
            case "Lowercase" -> normalizers.put("lowercase", true);
            case "NFC" -> normalizers.put("nfc", true);
            case "StripAccents" -> normalizers.put("strip_accents", true);
            case "BertNormalizer" -> {
                normalizer.bool("lowercase").ifPresent(on -> normalizers.put("lowercase", on));
                normalizer
                        .bool("strip_accents")
                        .ifPresent(on -> normalizers.put("strip_accents", on));
            }
            case "Sequence" -> {
                for (JsonValue part :
                        normalizer.array("normalizers").map(JsonArray::items).orElse(List.of())) {
                    if (part instanceof JsonObject object) normalizer(object);
                }
            }
            default -> {} // no key for it
        }
    }

    /** The first id of an added token by its text. */
    private record AddedIds(List<JsonValue> tokens) {
        Optional<JsonValue> of(String text) {
            for (JsonValue token : tokens) {
                if (token instanceof JsonObject object
                        && object.string("content").filter(text::equals).isPresent()) {
                    return object.get("id");
                }
            }
            return Optional.empty();
        }
    }

    /**
     * The tokens that tokenizer.json's post-processor puts around a text. It also tells the names
     * of special tokens that tokenizer_config.json leaves out.
     */
    private final class PostProcessor {
        private JsonObject settings;
        private final boolean writable;
        private JsonValue bos;
        private JsonValue eos;
        private JsonValue cls;
        private JsonValue sep;

        PostProcessor(JsonObject config, boolean present) {
            settings = config;
            // The original keeps the names it finds only where the file says anything at all.
            writable = present && !config.members().isEmpty();
            bos = config.get("bos_token").orElse(JsonNull.NULL);
            eos = config.get("eos_token").orElse(JsonNull.NULL);
            cls = config.get("cls_token").orElse(JsonNull.NULL);
            sep = config.get("sep_token").orElse(JsonNull.NULL);
            if (!isSet(bos) && isSet(cls)) {
                bos = cls;
                set("bos_token", bos);
            }
            if (!isSet(eos) && isSet(sep)) {
                eos = sep;
                set("eos_token", eos);
            }
        }

        void read(JsonObject processor) {
            List<JsonValue> processors =
                    processor.array("processors").map(JsonArray::items).orElse(List.of(processor));
            for (JsonValue each : processors) {
                if (!(each instanceof JsonObject step)) continue;
                switch (step.string("type").orElse("")) {
                    case "ByteLevel" -> {
                        added.putIfAbsent("bos", false);
                        added.putIfAbsent("eos", false);
                    }
                    case "RobertaProcessing" -> roberta(step);
                    case "TemplateProcessing" -> template(step);
                    default -> {} // says nothing about added tokens
                }
            }
        }

        private void roberta(JsonObject step) {
            added.put("bos", true);
            added.put("eos", true);
            added.put("sep", true);
            if (!isSet(cls) && writable) {
                cls = firstItem(step, "cls", bos);
                set("cls_token", cls);
            }
            if (!isSet(sep) && writable) {
                sep = firstItem(step, "sep", eos);
                set("sep_token", sep);
            }
        }

        private void template(JsonObject step) {
            List<JsonValue> single = step.array("single").map(JsonArray::items).orElse(List.of());
            JsonValue head = JsonNull.NULL;
            JsonValue tail = JsonNull.NULL;
            if (single.size() > 1) {
                head = special(single.getFirst());
                tail = special(single.getLast());
                if (isSet(head)) first(head);
                if (isSet(tail)) last(tail);
            }
            List<JsonValue> pair = step.array("pair").map(JsonArray::items).orElse(List.of());
            if (!pair.isEmpty()) separator(pair, head, tail);
        }

        private void first(JsonValue head) {
            if (!writable) {
                bos = head;
            } else if (!head.equals(bos) && !head.equals(cls)) {
                if (!isSet(bos)) {
                    bos = head;
                    set("bos_token", bos);
                }
                if (!isSet(cls)) {
                    cls = head;
                    set("cls_token", cls);
                }
            }
            added.put("bos", head.equals(bos) || head.equals(cls));
        }

        private void last(JsonValue tail) {
            if (!writable) {
                eos = tail;
            } else if (!tail.equals(eos)) {
                // What tokenizer_config.json calls eos ends a turn rather than the text.
                for (String type : List.of("eot", "eom")) {
                    if (types.contains(type)) continue;
                    types.add(type);
                    set(type + "_token", eos);
                    break;
                }
                {
                    eos = tail;
                    set("eos_token", eos);
                }
            }
            added.put("eos", tail.equals(eos));
        }

        private void separator(List<JsonValue> pair, JsonValue head, JsonValue tail) {
            int from = isSet(head) && special(pair.getFirst()).equals(head) ? 1 : 0;
            int to = pair.size() - (isSet(tail) && special(pair.getLast()).equals(tail) ? 1 : 0);
            if (from >= to) return;
            List<JsonValue> inner = pair.subList(from, to);
            boolean aThenB =
                    sequence(inner.getFirst()).equals(Optional.of("A"))
                            && sequence(inner.getLast()).equals(Optional.of("B"));
            if (!aThenB || inner.size() < 3) return;
            inner = inner.subList(1, inner.size() - 1);
            JsonValue middle = special(inner.getFirst());
            boolean add = isSeparator(middle) && !isSet(tail);
            if (inner.size() == 2) add |= isSeparator(special(inner.get(1)));
            added.put("sep", add);
            if (add && !isSet(sep) && writable) set("sep_token", eos);
        }

        private boolean isSeparator(JsonValue token) {
            return isSet(token) && (token.equals(sep) || token.equals(eos));
        }

        private void set(String key, JsonValue value) {
            if (writable) settings = settings.with(key, value);
        }
    }

    private static boolean isSet(JsonValue token) {
        return token != JsonNull.NULL && !token.equals(new JsonString(""));
    }

    private static JsonValue special(JsonValue item) {
        return item instanceof JsonObject object
                ? object.object("SpecialToken").flatMap(s -> s.get("id")).orElse(JsonNull.NULL)
                : JsonNull.NULL;
    }

    private static Optional<String> sequence(JsonValue item) {
        return item instanceof JsonObject object
                ? object.object("Sequence").flatMap(s -> s.string("id"))
                : Optional.empty();
    }

    private static JsonValue firstItem(JsonObject step, String key, JsonValue otherwise) {
        return step.array(key)
                .map(JsonArray::items)
                .filter(items -> !items.isEmpty())
                .map(List::getFirst)
                .orElse(otherwise);
    }

    private static ChatTemplates chatTemplates(JsonObject settings, TokenizerFiles files) {
        Optional<JsonValue> own = settings.get("chat_template");
        if (own.isPresent()) return chatTemplates(own.get());
        if (files.chatTemplate().isPresent()) {
            SequencedMap<String, String> named = new LinkedHashMap<>();
            for (Path file : files.additionalTemplates()) {
                String name = file.getFileName().toString();
                named.put(
                        templateName(name.substring(0, name.length() - ".jinja".length())),
                        text(file));
            }
            return new ChatTemplates(files.chatTemplate().map(SpecialVocabulary::text), named);
        }
        return files.chatTemplateJson()
                .map(Json::readObject)
                .flatMap(object -> object.get("chat_template"))
                .map(SpecialVocabulary::chatTemplates)
                .orElse(ChatTemplates.NONE);
    }

    private static ChatTemplates chatTemplates(JsonValue value) {
        return switch (value) {
            case JsonString(String text) ->
                    new ChatTemplates(Optional.of(text), new LinkedHashMap<>());
            case JsonArray(var items) -> {
                Optional<String> main = Optional.empty();
                SequencedMap<String, String> named = new LinkedHashMap<>();
                for (JsonValue item : items) {
                    if (!(item instanceof JsonObject choice)) continue;
                    String name = templateName(choice.string("name").orElse(""));
                    Optional<String> text = choice.string("template");
                    if (name.isEmpty() || text.isEmpty()) continue;
                    if (name.equals("default")) main = text;
                    else named.put(name, text.get());
                }
                yield new ChatTemplates(main, named);
            }
            case JsonNull ignored -> ChatTemplates.NONE;
            case JsonBoolean ignored -> ChatTemplates.NONE;
            case JsonNumber ignored -> ChatTemplates.NONE;
            case JsonObject ignored -> ChatTemplates.NONE;
        };
    }

    /** A name as part of a key: what isn't an ASCII letter or digit becomes an underscore. */
    private static String templateName(String name) {
        return name.replaceAll("[^a-zA-Z0-9]", "_");
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > 1 << 24) {
                throw new MalformedException(file + ": too large for a chat template");
            }
            // Python reads text with universal newlines.
            return Files.readString(file, StandardCharsets.UTF_8)
                    .replace("\r\n", "\n")
                    .replace('\r', '\n');
        } catch (IOException e) {
            throw new tk.error.IoException(file + ": cannot be read as UTF-8 text", null, e);
        }
    }
}
