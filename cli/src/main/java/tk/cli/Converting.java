package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.convert.KeyMap;
import tk.convert.gguf.OutType;
import tk.convert.route.ConvertOptions;
import tk.quantize.QuantizedTensors;
import tk.tokenizer.VocabularyConversion.Fidelity;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** The options of every command that converts on its way. */
final class Converting {
    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The model's name, in place of the one found.")
    private @Nullable String name;

    @Option(
            names = "--key-map",
            paramLabel = "FILE",
            description =
                    "JSON object: the names that home-made code gives its tensors, to Hugging Face's.")
    private @Nullable Path keyMap;

    @Option(
            names = "--pad-vocab",
            description = "Make tokenizer and embedding fit by padding the smaller one.")
    private boolean padVocabulary;

    @Option(
            names = "--pre",
            paramLabel = "NAME",
            description = "The pre-tokenizer, in place of the one recognised.")
    private @Nullable String pre;

    /** The model's name, where it is given. */
    Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /** What was said. */
    ConvertOptions options(OutType type, OptionalLong maxShardBytes) {
        return new ConvertOptions(
                type,
                name(),
                keyMap == null ? KeyMap.NONE : KeyMap.read(keyMap),
                padVocabulary,
                Optional.ofNullable(pre),
                Fidelity.TO_THE_CONVERTER,
                maxShardBytes,
                Optional.of(QuantizedTensors::encode),
                Optional.of(QuantizedTensors::decode));
    }
}
