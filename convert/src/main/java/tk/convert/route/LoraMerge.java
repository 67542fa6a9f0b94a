package tk.convert.route;

import tk.checkpoint.TensorMap;
import tk.convert.HfModel;
import tk.convert.KeyMap;
import tk.convert.PackedWeights;
import tk.convert.lora.Adapter;
import tk.convert.lora.Merge;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.model.ModelSource;
import tk.tensor.Tensor;
import tk.tokenizer.TokenizerFiles;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A model with adapters merged into it, as a source like any other: every route, and every check,
 * takes it.
 *
 * @param base as it is stored, in names that the forward pass knows; the source's, which closes it
 * @param source weights in Hugging Face's names, computed as they are read; closing it closes base
 *     and adapters
 * @param merge what was merged
 * @param notes what a person should be told
 */
public record LoraMerge(ModelSource base, ModelSource source, Merge merge, List<String> notes)
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
     * @param how in which way
     * @throws tk.error.TkException where an adapter is broken, or is not this base's
     */
    public static LoraMerge of(
            ModelSource base, List<Path> adapters, How how, ConvertOptions options) {
        if (adapters.isEmpty()) throw new UsageException("no adapter given");
        List<Adapter> opened = new ArrayList<>();
        try {
            for (Path adapter : adapters) opened.add(Adapter.open(adapter));
            refuseQuantized(base);
            HfModel model = SourceModel.of(base, options).model();
            if (how.dequantize()) model = dequantized(model, options);
            boolean saysTied = base.gguf().isEmpty() && base.requireConfig().tiedEmbeddings();
            Merge merge = Merge.of(base.path().toString(), model, saysTied, opened, how.scale());
            List<String> notes = new ArrayList<>(model.notes());
            notes.addAll(merge.notes());
            notes.addAll(strangers(base, opened));
            HfModel merged = merge.merged();
            Optional<Path> tokenizer = tokenizer(base, opened, notes);
            ModelSource source;
            if (tokenizer.isEmpty() && base.gguf().isPresent()) {
                TokenizerFolder folder =
                        TokenizerFolder.of(base.gguf().get(), merged.config().maxPositions());
                TensorMap weights =
                        new TensorMap(
                                merged.weights().tensors().values(),
                                Map.of(),
                                List.of(merged.weights(), folder));
                source = base.with(weights, merged.config(), Optional.of(folder.path()));
            } else {
                source = base.with(merged.weights(), merged.config(), tokenizer);
            }
            return new LoraMerge(plainlyNamed(base, model, options), source, merge, notes);
        } catch (RuntimeException e) {
            opened.forEach(Adapter::close);
            throw e;
        }
    }

    /**
     * In which way to merge.
     *
     * @param scale what is multiplied with what the adapters add
     * @param dequantize whether a base of blocks is made F32 first
     */
    public record How(double scale, boolean dequantize) {
        /** As PEFT does. */
        public static final How AS_PEFT = new How(1, false);
    }

    /** The base itself, unless its own names are nobody else's. */
    private static ModelSource plainlyNamed(
            ModelSource base, HfModel model, ConvertOptions options) {
        boolean plain =
                base.gguf().isPresent()
                        || SourceModel.isMeta(base)
                        || base.weights().tensors().containsKey("model.embed_tokens.weight");
        return plain && options.keyMap().equals(KeyMap.NONE)
                ? base
                : base.with(model.weights(), model.config(), Optional.empty());
    }

    private static HfModel dequantized(HfModel model, ConvertOptions options) {
        UnaryOperator<Tensor> decoder =
                options.decoder()
                        .orElseThrow(() -> new IllegalStateException("nothing to decode with"));
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor tensor : model.weights().tensors().values()) {
            tensors.add(tensor.info().dtype().isBlock() ? decoder.apply(tensor) : tensor);
        }
        return model.with(TensorMap.replacing(model.weights(), tensors));
    }

    /** What speaks against this being the base that an adapter was trained on. */
    private static List<String> strangers(ModelSource base, List<Adapter> adapters) {
        Set<String> known = names(base);
        List<String> notes = new ArrayList<>();
        for (Adapter adapter : adapters) {
            adapter.config()
                    .baseModel()
                    .filter(name -> !known.contains(stem(name)))
                    .ifPresent(
                            name ->
                                    notes.add(
                                            "the adapter was trained on `%s`: is %s that model?"
                                                    .formatted(name, base.path())));
        }
        return notes;
    }

    /**
     * What a base may be called: as its file or folder is, or a file's folder, or the repository in
     * Hugging Face's cache ({@code models--OWNER--NAME/snapshots/COMMIT}).
     */
    private static Set<String> names(ModelSource base) {
        Set<String> names = new HashSet<>();
        base.configJson()
                .flatMap(json -> json.string("_name_or_path"))
                .ifPresent(name -> names.add(stem(name)));
        Path path = base.path().toAbsolutePath().normalize();
        names.add(stem(path.toString()));
        if (Files.isRegularFile(path)) names.add(stem(String.valueOf(path.getParent())));
        for (Path part : path) {
            String[] cached = part.toString().split("--");
            if (cached.length > 2 && cached[0].equals("models")) {
                names.add(stem(cached[cached.length - 1]));
            }
        }
        return names;
    }

    /** The last part of a path or of a model's name, without an ending and in lower case. */
    private static String stem(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        return last.replaceFirst("\\.(pt|pth|bin|gguf|safetensors)$", "").toLowerCase(Locale.ROOT);
    }

    /** A base whose weights bitsandbytes or another library has packed. */
    private static void refuseQuantized(ModelSource base) {
        PackedWeights.refuse(base.path().toString(), base.weights());
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
