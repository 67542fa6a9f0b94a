package tk.cli;

import tk.convert.gguf.OutType;
import tk.convert.lora.Adapter;
import tk.convert.lora.AdapterGguf;
import tk.convert.route.ToHf;
import tk.error.UsageException;
import tk.gguf.GgufValue;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.model.ModelSource;
import tk.tensor.DType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * {@code tk convert} of an adapter by itself: into a GGUF that llama.cpp loads beside its base.
 *
 * @param adapter owned by the caller
 * @param converting what the user says of conversions
 * @param base what {@code --config} names: a configuration, or a model in any format
 */
record AdapterConversion(Adapter adapter, Converting converting, Optional<Path> base) {
    AdapterGguf gguf(OutType type, double scale) {
        Optional<DType> dtype = type == OutType.KEEP ? Optional.empty() : DType.named(type.name());
        AdapterGguf gguf = AdapterGguf.of(adapter, config(), dtype, scale);
        return converting
                .name()
                .map(name -> gguf.metadata().toBuilder().put("general.name", GgufValue.text(name)))
                .map(named -> new AdapterGguf(named.build(), gguf.tensors(), gguf.notes()))
                .orElse(gguf);
    }

    private ModelConfig config() {
        if (base.isEmpty()) return ConfigReader.read(adapter.baseConfig().orElseThrow(this::none));
        Path given = base.get();
        Path json = Files.isDirectory(given) ? given.resolve("config.json") : given;
        if (json.toString().endsWith(".json") && Files.isRegularFile(json)) {
            return ConfigReader.read(json);
        }
        try (ModelSource source = ModelSource.open(given, ModelSource.Options.NONE)) {
            return ToHf.of(source, converting.options(OutType.KEEP, OptionalLong.empty()))
                    .contents()
                    .config();
        }
    }

    private UsageException none() {
        return new UsageException(
                adapter.folder()
                        + ": its base's config.json is needed: the heads decide the order of rows",
                "Give --config BASE: its config.json, or the model itself.");
    }
}
