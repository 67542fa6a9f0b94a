package tk.modelfile.store;

import tk.error.UsageException;

import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a model in Ollama's store: {@code [host/][namespace/]model[:tag]}.
 *
 * <p>Each part begins with a letter of ASCII, a digit or {@code _}, and goes on with these, {@code
 * -} and, but for the namespace, {@code .}; a host may have a port. Upper and lower case are kept,
 * but the same name.
 */
public record ModelName(String host, String namespace, String model, String tag) {
    private static final String HOST = "registry.ollama.ai";
    private static final String NAMESPACE = "library";
    private static final String TAG = "latest";

    private static final Pattern HOST_PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}");
    private static final Pattern NAMESPACE_PART =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,79}");
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}");

    /** Refuses parts that Ollama would refuse. */
    public ModelName {
        if (!HOST_PART.matcher(host).matches()
                || !NAMESPACE_PART.matcher(namespace).matches()
                || !PART.matcher(model).matches()
                || !PART.matcher(tag).matches()) {
            throw new UsageException(
                    "`%s/%s/%s:%s`: no model name".formatted(host, namespace, model, tag));
        }
    }

    /** The name that a text means, with Ollama's defaults for what it leaves out. */
    public static Optional<ModelName> find(String text) {
        String rest = text;
        int scheme = rest.indexOf("://");
        if (scheme >= 0) rest = rest.substring(scheme + 3);
        String tag = TAG;
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/')) {
            tag = rest.substring(colon + 1);
            rest = rest.substring(0, colon);
        }
        String[] parts = rest.split("/", -1);
        if (parts.length > 3) return Optional.empty();
        String namespace = parts.length > 1 ? parts[parts.length - 2] : NAMESPACE;
        String host = parts.length > 2 ? parts[0] : HOST;
        try {
            return Optional.of(new ModelName(host, namespace, parts[parts.length - 1], tag));
        } catch (UsageException invalid) {
            return Optional.empty();
        }
    }

    /**
     * The name that a text means.
     *
     * @throws UsageException where it is none
     */
    public static ModelName parse(String text) {
        return find(text)
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "`" + text + "` is no name that Ollama takes for a model",
                                        "Letters a to z, digits, - _ . and an optional :tag, such as %s."
                                                .formatted(suggestion(text))));
    }

    /** The nearest valid name: without diacritics, other characters as {@code -}. */
    public static String suggestion(String text) {
        String plain =
                Normalizer.normalize(text.replace('ı', 'i').replace('İ', 'I'), Normalizer.Form.NFD)
                        .replaceAll("\\p{M}+", "")
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9_.-]+", "-")
                        .replaceAll("^[.-]+|[.-]+$", "");
        if (plain.isEmpty()) return "my-model";
        return plain.length() <= 80 ? plain : plain.substring(0, 80);
    }

    /** A manifest's place below the folder of manifests. */
    Path path() {
        return Path.of(host, namespace, model, tag);
    }

    /** As {@code ollama list} prints it: without what is the default. */
    public String display() {
        if (!host.equalsIgnoreCase(HOST)) return host + "/" + namespace + "/" + model + ":" + tag;
        return (namespace.equalsIgnoreCase(NAMESPACE) ? "" : namespace + "/") + model + ":" + tag;
    }

    /** What a person types after {@code ollama run}. */
    public String shortest() {
        String name = display();
        return tag.equals(TAG) ? name.substring(0, name.length() - TAG.length() - 1) : name;
    }

    @Override
    public String toString() {
        return display();
    }
}
