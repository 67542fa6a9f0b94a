package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.convert.route.ConvertOptions;
import tk.convert.route.LoraMerge;
import tk.model.ModelSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** LoRA adapters that are merged into the input before anything else is done with it. */
final class AdapterOptions {
    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "A PEFT LoRA to merge into the input; may be given several times.")
    private List<Path> adapters = new ArrayList<>();

    @Option(
            names = "--scale",
            paramLabel = "X",
            description = "Multiplies what the adapters add (default: 1).")
    private double scale = 1;

    @Option(
            names = "--dequantize",
            description = "Merge into a quantized GGUF, made F32 first: its own losses stay.")
    private boolean dequantize;

    private @Nullable AdapterProof proof;

    /**
     * Opens an input with the adapters merged into it; the caller closes.
     *
     * @param options what the user says of the conversion
     * @param planned whether nothing more than a plan is asked for
     */
    ModelSource open(
            Path input,
            InputOptions inputs,
            ConvertOptions options,
            boolean planned,
            CommonOptions common) {
        ModelSource source = inputs.open(input);
        if (adapters.isEmpty()) return source;
        LoraMerge merge = merge(source, adapters, new LoraMerge.How(scale, dequantize), options);
        try {
            merge.notes().forEach(common::note);
            AdapterProof found = AdapterProof.of(merge, merge.source(), planned, common);
            found.summary().forEach(line -> common.note("merged: " + line));
            proof = found;
        } catch (RuntimeException e) {
            merge.close();
            throw e;
        }
        return merge.source();
    }

    /** Whether any was given. */
    boolean given() {
        return !adapters.isEmpty();
    }

    /** All that is read: the input, and the adapters. */
    List<Path> with(Path input) {
        List<Path> all = new ArrayList<>(adapters);
        all.add(input);
        return all;
    }

    double scale() {
        return scale;
    }

    /** That the merged weights do what base and adapters do apart; empty without adapters. */
    Optional<AdapterProof> proof() {
        return Optional.ofNullable(proof);
    }

    /** Merges adapters; the base is closed where they don't fit. */
    static LoraMerge merge(
            ModelSource base, List<Path> adapters, LoraMerge.How how, ConvertOptions options) {
        try {
            return LoraMerge.of(base, adapters, how, options);
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }
}
