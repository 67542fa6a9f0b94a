package tk.convert;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * How one checkpoint names its tensors: a dialect, and a prefix that whatever wrapped the model has
 * put before every name.
 *
 * @param dialect the dialect
 * @param prefix what the body's names begin with, such as {@code model.}, {@code model.model.} or
 *     nothing
 */
record Naming(Dialect dialect, String prefix) {

    /** The dialect and prefix that explain the most names. */
    static Naming of(Collection<String> names, FamilyTable family) {
        Naming best = new Naming(Dialect.huggingFace(family), "model.");
        long most = -1;
        for (Dialect dialect : Dialect.of(family)) {
            for (String prefix : prefixes(names, dialect.embedding())) {
                Naming naming = new Naming(dialect, prefix);
                long explained = names.stream().filter(n -> naming.hfName(n).isPresent()).count();
                if (explained > most) {
                    most = explained;
                    best = naming;
                }
            }
        }
        return best;
    }

    private static Set<String> prefixes(Collection<String> names, String embedding) {
        Set<String> prefixes = new LinkedHashSet<>();
        prefixes.add("model.");
        prefixes.add("");
        for (String name : names) {
            if (name.endsWith("." + embedding) && prefixes.size() < 8) {
                prefixes.add(name.substring(0, name.length() - embedding.length()));
            }
        }
        return prefixes;
    }

    /** The full Hugging Face name of a tensor of this checkpoint. */
    Optional<String> hfName(String name) {
        return under(prefix, name).or(() -> head(name));
    }

    private Optional<String> under(String start, String name) {
        if (!name.startsWith(start)) return Optional.empty();
        LayerName layered = LayerName.of(name.substring(start.length()));
        return dialect.hfName(layered.template()).map(layered::in);
    }

    /** The head lies outside the body: beside it, or at the top. */
    private Optional<String> head(String name) {
        String outside =
                prefix.endsWith("model.")
                        ? prefix.substring(0, prefix.length() - "model.".length())
                        : prefix;
        return under(outside, name)
                .or(() -> under("", name))
                .filter(hf -> !hf.startsWith("model."));
    }
}
