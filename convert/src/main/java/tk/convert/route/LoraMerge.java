package tk.convert.route;

import tk.convert.HfModel;
import tk.convert.lora.Adapter;
import tk.convert.lora.Merge;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.model.ModelSource;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model with adapters merged into it, as a source like any other: every route, and every check,
 * takes it.
 *
 * @param source weights in Hugging Face's names, computed as they are read; closing it closes base
 *     and adapters
 * @param merge what was merged
 * @param notes what a person should be told
 */
public record LoraMerge(ModelSource source, Merge merge, List<String> notes)
        implements AutoCloseable {
    /** Copies the list. */
    public LoraMerge {
        notes = List.copyOf(notes);
    }

    /**
     * Merges adapters into a base.
     *
     * @param base owned by the result
     * @param adapters folders, in the order of the merges
     * @param scale what is multiplied with what they add
     * @throws tk.error.TkException where an adapter is broken, or is not this base's
     */
    public static LoraMerge of(
            ModelSource base, List<Path> adapters, double scale, ConvertOptions options) {
        if (adapters.isEmpty()) throw new UsageException("no adapter given");
        List<Adapter> opened = new ArrayList<>();
        try {
            for (Path adapter : adapters) opened.add(Adapter.open(adapter));
            refuseQuantized(base);
            SourceModel model = SourceModel.of(base, options);
            boolean saysTied = base.gguf().isEmpty() && base.requireConfig().tiedEmbeddings();
            Merge merge = Merge.of(base.path().toString(), model.model(), saysTied, opened, scale);
            List<String> notes = new ArrayList<>(model.model().notes());
            notes.addAll(merge.notes());
            HfModel merged = merge.merged();
            ModelSource source =
                    base.with(merged.weights(), merged.config(), tokenizer(base, opened, notes));
            return new LoraMerge(source, merge, notes);
        } catch (RuntimeException e) {
            opened.forEach(Adapter::close);
            throw e;
        }
    }

    /** A base whose weights bitsandbytes or another library has packed. */
    private static void refuseQuantized(ModelSource base) {
        Optional<String> method =
                base.configJson()
                        .flatMap(json -> json.object("quantization_config"))
                        .map(json -> json.string("quant_method").orElse("unknown"));
        if (method.isEmpty()) return;
        throw new UnsupportedException(
                "%s: quantized with %s: an adapter cannot be merged into it without loss"
                        .formatted(base.path(), method.get()),
                "Take the base as it was before it was quantized: the adapter's values fit both.");
    }

    /** An adapter's own tokenizer, which knows the tokens that its training added. */
    private static Optional<Path> tokenizer(
            ModelSource base, List<Adapter> adapters, List<String> notes) {
        if (base.options().tokenizer().isPresent()) return Optional.empty();
        for (Adapter adapter : adapters.reversed()) {
            if (!TokenizerFiles.in(adapter.folder()).isPresent()) continue;
            notes.add("the tokenizer is the adapter's: " + adapter.folder());
            return Optional.of(adapter.folder());
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        source.close();
    }
}
