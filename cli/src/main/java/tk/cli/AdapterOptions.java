package tk.cli;

import picocli.CommandLine.Option;

import tk.convert.route.ConvertOptions;
import tk.convert.route.LoraMerge;
import tk.model.ModelSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

    /**
     * Opens an input with the adapters merged into it; the caller closes.
     *
     * @param options what the user says of the conversion
     */
    ModelSource open(
            Path input, InputOptions inputs, ConvertOptions options, CommonOptions common) {
        ModelSource source = inputs.open(input);
        if (adapters.isEmpty()) return source;
        LoraMerge merge = merge(source, adapters, scale, options);
        merge.notes().forEach(common::note);
        return merge.source();
    }

    /** Merges adapters; the base is closed where they don't fit. */
    static LoraMerge merge(
            ModelSource base, List<Path> adapters, double scale, ConvertOptions options) {
        try {
            return LoraMerge.of(base, adapters, scale, options);
        } catch (RuntimeException e) {
            base.close();
            throw e;
        }
    }
}
