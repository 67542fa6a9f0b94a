package tk.verify;

import tk.gguf.GgufMetadata;
import tk.hf.Family;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.tokenizer.TokenType;
import tk.verify.settings.Setting;
import tk.verify.settings.SettingsComparison;
import tk.verify.tokens.Vocabulary;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Compares what steers the computation: settings, rope scaling, special tokens. */
final class MetadataGate {
    /** Tokens at which llama.cpp ends an answer, beside EOS, where the file names them. */
    private static final List<String> ENDS = List.of("eot", "eom", "fim_pad", "fim_rep", "fim_sep");

    /** Some vocabularies have their markers among the ordinary tokens. */
    private static final Pattern MARKER = Pattern.compile("\u2581?<.+>");

    private MetadataGate() {}

    static GateResult run(
            OpenedModel reference,
            OpenedModel candidate,
            Optional<Vocabulary> source,
            Optional<Vocabulary> vocabulary) {
        Findings findings = new Findings(Gate.METADATA);
        SettingsComparison settings =
                SettingsComparison.of(reference.settings(), candidate.settings());
        findings.failAll(settings.failures());
        architecture(reference, candidate, findings);
        vocabularySize(candidate, vocabulary, findings);
        candidate.source().gguf().ifPresent(gguf -> fileType(gguf, candidate, findings));
        candidate.source().gguf().ifPresent(gguf -> causal(gguf, findings));
        if (source.isPresent() && vocabulary.isPresent()) {
            special(source.get(), vocabulary.get(), findings);
            ends(source.get(), vocabulary.get(), findings);
        }
        return findings.result(
                "%d settings are the source's, rope frequencies and special tokens too"
                        .formatted(settings.compared()));
    }

    /** llama.cpp's name for the architecture decides how it computes. */
    private static void architecture(
            OpenedModel reference, OpenedModel candidate, Findings findings) {
        String expected = architecture(reference);
        String found = architecture(candidate);
        if (!expected.equals(found)) {
            findings.fail("the architecture is %s, expected %s".formatted(found, expected));
        }
    }

    private static String architecture(OpenedModel side) {
        if (side.isGguf()) {
            return side.source()
                    .gguf()
                    .flatMap(gguf -> gguf.string("general.architecture"))
                    .orElse("none");
        }
        Family family = side.config().orElseThrow().family();
        return switch (family) {
            case LLAMA, MISTRAL -> "llama";
            case QWEN2 -> "qwen2";
            case QWEN3 -> "qwen3";
        };
    }

    private static void vocabularySize(
            OpenedModel candidate, Optional<Vocabulary> vocabulary, Findings findings) {
        int said = candidate.settings().whole(Setting.VOCABULARY);
        String name = candidate.isGguf() ? "token_embd.weight" : "model.embed_tokens.weight";
        Tensor embedding = candidate.source().weights().tensors().get(name);
        if (embedding != null && embedding.info().shape().rows() != said) {
            findings.fail(
                    "%s is %d, but `%s` has %d rows"
                            .formatted(
                                    candidate.settings().names().apply(Setting.VOCABULARY),
                                    said,
                                    name,
                                    embedding.info().shape().rows()));
        }
        if (candidate.isGguf() && vocabulary.isPresent()) {
            int tokens = vocabulary.get().entries().size();
            if (tokens != said) {
                findings.fail(
                        "%s is %d, but there are %d tokens"
                                .formatted(
                                        candidate.settings().names().apply(Setting.VOCABULARY),
                                        said,
                                        tokens));
            }
        }
    }

    /** A file all of whose matrices are of one type must not say it is of another. */
    private static void fileType(GgufMetadata gguf, OpenedModel candidate, Findings findings) {
        Optional<DType> said =
                gguf.integer("general.file_type").isPresent()
                        ? FileTypes.of(gguf.integer("general.file_type").getAsLong())
                        : Optional.empty();
        if (said.isEmpty()) return;
        Set<DType> matrices = new TreeSet<>();
        for (Tensor tensor : candidate.source().weights().tensors().values()) {
            if (tensor.info().shape().rank() < 2) continue;
            // Rows that are no whole blocks had to become another type.
            if (tensor.info().shape().columns() % said.get().blockSize() != 0) return;
            matrices.add(tensor.info().dtype());
        }
        if (matrices.size() == 1 && !matrices.contains(said.get())) {
            findings.fail(
                    "general.file_type says %s, but all matrices are %s"
                            .formatted(said.get(), matrices.iterator().next()));
        }
    }

    /** llama.cpp reads this key for every architecture; without it, attention is causal. */
    private static void causal(GgufMetadata gguf, Findings findings) {
        String key = gguf.string("general.architecture").orElse("llama") + ".attention.causal";
        if (gguf.bool(key).equals(Optional.of(false))) {
            findings.fail(key + " is false: every token would see those after it");
        }
    }

    /** An ordinary token that ends an answer cuts off every answer with it. */
    private static void ends(Vocabulary source, Vocabulary found, Findings findings) {
        if (found.gguf().isEmpty()) return;
        Map<String, Integer> ids = found.gguf().get().specialIds();
        for (String kind : ENDS) {
            Integer id = ids.get(kind);
            if (id == null || id >= source.entries().size() || source.eos().contains(id)) continue;
            Vocabulary.Entry entry = source.entries().get(id);
            boolean ordinary =
                    entry.types().equals(Set.of(TokenType.NORMAL))
                            && !MARKER.matcher(entry.text()).matches();
            if (ordinary) {
                findings.fail(
                        "%s is %d, `%s`, an ordinary token of the source"
                                .formatted(kind.toUpperCase(Locale.ROOT), id, entry.text()));
            }
        }
    }

    private static void special(Vocabulary source, Vocabulary found, Findings findings) {
        if (!source.bos().isEmpty()
                && source.addBos()
                && Collections.disjoint(source.bos(), found.bos())) {
            findings.fail("BOS is %s, expected %s".formatted(found.bos(), source.bos()));
        }
        if (!source.eos().isEmpty() && Collections.disjoint(source.eos(), found.eos())) {
            findings.fail("EOS is %s, expected %s".formatted(found.eos(), source.eos()));
        }
        if (source.addEos() != found.addEos()) {
            findings.fail(
                    found.addEos()
                            ? "a text ends with EOS, and in the source it does not"
                            : "a text does not end with EOS, and in the source it does");
        }
        if (source.addBos() != found.addBos()) {
            findings.fail(
                    found.addBos()
                            ? "a text begins with BOS, and in the source it does not"
                            : "a text does not begin with BOS, and in the source it does");
        }
    }
}
