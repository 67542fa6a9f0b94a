package tk.convert.gguf;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a model's id says about it: {@code meta-llama/Llama-2-7b-chat-hf} is by meta-llama, called
 * Llama-2-7b-chat-hf, of size 7B, a fine-tune for chat.
 *
 * <p>The rules are those that convert_hf_to_gguf goes by, so that {@code general.*} comes out the
 * same.
 *
 * @param name the id without the organization
 * @param organization what stands before the slash
 * @param basename the leading words
 * @param finetune words that name a fine-tune
 * @param version such as {@code v0.1}
 * @param sizeLabel such as {@code 7B}
 */
record ModelId(
        Optional<String> name,
        Optional<String> organization,
        Optional<String> basename,
        Optional<String> finetune,
        Optional<String> version,
        Optional<String> sizeLabel) {

    private enum Kind {
        BASENAME,
        SIZE,
        FINETUNE,
        VERSION,
        TYPE
    }

    private static final Pattern VERSION = ignoringCase("(v|iter)?\\d+([.]\\d+)*");
    private static final Pattern TYPE = ignoringCase("i?q\\d(_\\w)*|b?fp?(16|32)");
    private static final Pattern SIZE =
            ignoringCase("((A|\\d+x)?\\d+([._]\\d+)?[KMBT]\\d?|small|mini|medium|large|x?xl)");
    private static final Pattern FINETUNE = ignoringCase("chat|instruct|vision|lora");
    private static final Pattern KEEPS_CASE = Pattern.compile("v\\d+(\\.\\d+)*|\\d.*");

    private static Pattern ignoringCase(String regex) {
        return Pattern.compile(regex, Pattern.CASE_INSENSITIVE);
    }

    private static final class Word {
        private String text;
        private final Set<Kind> kinds = EnumSet.noneOf(Kind.class);

        Word(String text) {
            this.text = text;
        }
    }

    /**
     * Takes an id apart.
     *
     * @param id such as {@code org/Name-7B-v1}, or a folder's name
     * @param parameters how many the model has: a size far from it is a context length
     */
    static ModelId of(String id, long parameters) {
        Optional<String> none = Optional.empty();
        if (id.contains(" ")) return new ModelId(Optional.of(id), none, none, none, none, none);
        int slash = id.indexOf('/');
        Optional<String> organization =
                slash < 0 || id.startsWith(".") ? none : Optional.of(id.substring(0, slash));
        String name = id.substring(slash + 1);
        List<Word> words = new ArrayList<>();
        for (String part : name.split("-")) if (!part.isEmpty()) words.add(new Word(part));
        for (int i = 0; i < words.size(); i++) classify(words.get(i), i > 0, parameters);
        dropWordySizes(words);
        findBasename(words);
        Optional<String> size =
                joined(
                        words.stream()
                                .filter(word -> word.kinds.contains(Kind.SIZE))
                                .map(word -> word.text)
                                .collect(Collectors.toCollection(LinkedHashSet::new)));
        Optional<String> finetune = joined(texts(words, Kind.FINETUNE));
        Optional<String> version =
                joined(
                        words.stream()
                                .filter(word -> word.kinds.contains(Kind.VERSION))
                                .filter(word -> !word.kinds.contains(Kind.BASENAME))
                                .map(word -> word.text)
                                .toList());
        // With nothing else recognised, the basename would be no more than a guess.
        Optional<String> basename =
                size.isEmpty() && finetune.isEmpty() && version.isEmpty()
                        ? none
                        : joined(texts(words, Kind.BASENAME));
        return new ModelId(Optional.of(name), organization, basename, finetune, version, size);
    }

    private static void classify(Word word, boolean later, long parameters) {
        if (VERSION.matcher(word.text).matches()) {
            word.kinds.add(Kind.VERSION);
        } else if (TYPE.matcher(word.text).matches()) {
            word.kinds.add(Kind.TYPE);
            word.text = word.text.toUpperCase(Locale.ROOT);
        } else if (later && SIZE.matcher(word.text).matches()) {
            classifySize(word, parameters);
        } else if (later && FINETUNE.matcher(word.text).matches()) {
            word.kinds.add(Kind.FINETUNE);
        }
    }

    private static void classifySize(Word word, long parameters) {
        String text = word.text.replace('_', '.');
        int last = text.length() - 1;
        // "7b1" is 7.1b.
        if (isDigit(text.charAt(last))) {
            text = text.substring(0, last - 1) + "." + text.charAt(last) + text.charAt(last - 1);
            last = text.length() - 1;
        }
        if (last > 0 && isDigit(text.charAt(last - 1)) && "kmbt".indexOf(text.charAt(last)) >= 0) {
            text = text.substring(0, last) + Character.toUpperCase(text.charAt(last));
        }
        int power = "KMBT".indexOf(text.charAt(last)) + 1;
        String number = text.substring(0, last);
        if (power > 0 && parameters > 0 && number.matches("\\d+(\\.\\d+)?")) {
            double said = Double.parseDouble(number) * Math.pow(1000, power);
            if (Math.abs(said - parameters) > Math.floorDiv(Math.multiplyExact(7, parameters), 8)) {
                word.kinds.add(Kind.FINETUNE);
                text = number + Character.toLowerCase(text.charAt(last));
            }
        }
        if (word.kinds.isEmpty()) word.kinds.add(Kind.SIZE);
        word.text = text;
    }

    /** "small" says nothing beside "7B". */
    private static void dropWordySizes(List<Word> words) {
        boolean numeric =
                words.stream()
                        .filter(word -> word.kinds.contains(Kind.SIZE))
                        .anyMatch(word -> word.text.chars().anyMatch(Character::isDigit));
        if (!numeric) return;
        for (Word word : words) {
            if (word.text.chars().allMatch(Character::isLetter)) word.kinds.remove(Kind.SIZE);
        }
    }

    private static void findBasename(List<Word> words) {
        boolean atStart = true;
        for (Word word : words) {
            boolean plain = word.kinds.isEmpty() && Character.isLetter(word.text.codePointAt(0));
            if (atStart && (plain || word.kinds.contains(Kind.VERSION))) {
                word.kinds.add(Kind.BASENAME);
            } else {
                atStart = false;
                if (word.kinds.isEmpty()) word.kinds.add(Kind.FINETUNE);
            }
        }
        // A version at the end is a version only.
        for (Word word : words.reversed()) {
            if (!word.kinds.contains(Kind.BASENAME) || word.kinds.size() < 2) break;
            word.kinds.remove(Kind.BASENAME);
        }
    }

    private static List<String> texts(List<Word> words, Kind kind) {
        return words.stream()
                .filter(word -> word.kinds.contains(kind))
                .map(word -> word.text)
                .toList();
    }

    private static Optional<String> joined(Iterable<String> texts) {
        String joined = String.join("-", texts);
        return joined.isEmpty() ? Optional.empty() : Optional.of(joined);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /**
     * An id as a title: hyphens become spaces, and each word that is all lower-case and no version
     * or number gets a capital at the start of each run of letters.
     */
    static String title(String id) {
        List<String> words = new ArrayList<>();
        for (String word : id.replace('-', ' ').strip().split("\\s+")) {
            boolean kept = !isLowerCase(word) || KEEPS_CASE.matcher(word).matches();
            words.add(kept ? word : capitalized(word));
        }
        return String.join(" ", words);
    }

    private static boolean isLowerCase(String word) {
        boolean cased = false;
        for (int c : word.codePoints().toArray()) {
            if (Character.isUpperCase(c) || Character.isTitleCase(c)) return false;
            cased |= Character.isLowerCase(c);
        }
        return cased;
    }

    private static String capitalized(String word) {
        StringBuilder title = new StringBuilder();
        boolean within = false;
        for (int c : word.codePoints().toArray()) {
            title.appendCodePoint(within ? Character.toLowerCase(c) : Character.toTitleCase(c));
            within =
                    Character.isLowerCase(c)
                            || Character.isUpperCase(c)
                            || Character.isTitleCase(c);
        }
        return title.toString();
    }
}
