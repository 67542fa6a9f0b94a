package tk.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.Sha256;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufValueType;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** {@code tk inspect}: what a file holds; nothing in it is executed. */
@Command(
        name = "inspect",
        description =
                "Shows what a model file or folder holds: format, metadata, tensors, tokenizer.")
final class InspectCommand implements Callable<Integer> {
    /** A list of metadata longer than this is told by its length alone. */
    private static final int LONGEST_LIST = 16;

    @Mixin private CommonOptions common;
    @Mixin private InputOptions inputs;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Option(
            names = "--stats",
            description = "Minimum, maximum, mean and NaN/Inf counts of every tensor.")
    private boolean stats;

    @Option(
            names = "--hash",
            description = "SHA-256 of every tensor's contiguous little-endian bytes.")
    private boolean hash;

    @Parameters(index = "0", paramLabel = "PATH", description = "The file or folder.")
    private Path path;

    @SuppressWarnings("NullAway.Init")
    InspectCommand() {}

    @Override
    public Integer call() {
        try (ModelSource source = inputs.open(path)) {
            SequencedMap<String, Object> json = new LinkedHashMap<>();
            json.put("format", source.format());
            json.put("architecture", architecture(source));
            List<Object> list = new ArrayList<>();
            for (Tensor tensor : source.weights().tensors().values()) list.add(describe(tensor));
            json.put("tensors", list);
            json.put("metadata", metadata(source));
            json.put("tokenizer", tokenizer(source));
            common.result((JsonObject) JsonValue.of(json), common.json() ? "" : text(source, list));
        }
        return 0;
    }

    private SequencedMap<String, Object> describe(Tensor tensor) {
        TensorInfo info = tensor.info();
        SequencedMap<String, Object> member = new LinkedHashMap<>();
        member.put("name", info.name());
        member.put("dtype", info.dtype().name());
        List<Long> shape = new ArrayList<>();
        for (long dim : info.shape().dims()) shape.add(dim);
        member.put("shape", shape);
        member.put("bytes", info.byteSize());
        if (hash) member.put("sha256", Sha256.of(tensor));
        if (stats) TensorStatistics.of(tensor).ifPresent(s -> member.put("stats", s.toJson()));
        return member;
    }

    private static String architecture(ModelSource source) {
        return source.gguf()
                .flatMap(g -> g.string("general.architecture"))
                .or(() -> source.config().map(c -> c.architecture()))
                .orElse("unknown");
    }

    private static SequencedMap<String, Object> metadata(ModelSource source) {
        SequencedMap<String, Object> map = new LinkedHashMap<>();
        source.weights().metadata().forEach(map::put);
        source.gguf()
                .map(GgufMetadata::values)
                .ifPresent(values -> values.forEach((k, v) -> map.put(k, plain(v))));
        source.config().ifPresent(c -> map.put("config", c.json()));
        return map;
    }

    private static Object plain(GgufValue value) {
        return switch (value) {
            case GgufValue.Whole(GgufValueType type, long n) ->
                    type == GgufValueType.U64 && n < 0 ? Long.toUnsignedString(n) : n;
            case GgufValue.Float32(float f) -> Float.isFinite(f) ? f : Float.toString(f);
            case GgufValue.Float64(double d) -> Double.isFinite(d) ? d : Double.toString(d);
            case GgufValue.Bool(boolean b) -> b;
            case GgufValue.Text(String text) -> text;
            case GgufValue.Texts(List<String> texts) ->
                    texts.size() <= LONGEST_LIST ? texts : texts.size() + " strings";
            case GgufValue.Floats(float[] floats) -> floats.length + " floats";
            case GgufValue.Numbers(GgufValueType element, long[] numbers) -> {
                if (numbers.length > LONGEST_LIST) yield numbers.length + " numbers";
                List<Long> list = new ArrayList<>();
                for (long n : numbers) list.add(n);
                yield list;
            }
        };
    }

    private static SequencedMap<String, Object> tokenizer(ModelSource source) {
        SequencedMap<String, Object> map = new LinkedHashMap<>();
        source.gguf()
                .ifPresent(
                        g -> {
                            g.string("tokenizer.ggml.model").ifPresent(m -> map.put("model", m));
                            g.strings("tokenizer.ggml.tokens")
                                    .ifPresent(t -> map.put("tokens", t.size()));
                            map.put(
                                    "chatTemplate",
                                    g.string("tokenizer.chat_template").isPresent());
                        });
        List<String> files = new ArrayList<>();
        for (Path file : source.tokenizer().all()) files.add(String.valueOf(file.getFileName()));
        if (!files.isEmpty()) map.put("files", files);
        return map;
    }

    private String text(ModelSource source, List<Object> described) {
        long elements = 0;
        long bytes = 0;
        TreeMap<String, Integer> types = new TreeMap<>();
        for (Tensor tensor : source.weights().tensors().values()) {
            elements += tensor.info().shape().elements();
            bytes += tensor.info().byteSize();
            types.merge(tensor.info().dtype().name(), 1, Integer::sum);
        }
        StringBuilder out = new StringBuilder();
        out.append(line("format", source.format()));
        out.append(line("architecture", architecture(source)));
        out.append(
                line(
                        "tensors",
                        "%s (%s values, %s): %s"
                                .formatted(
                                        Sizes.count(described.size()),
                                        Sizes.count(elements),
                                        Sizes.bytes(bytes),
                                        types)));
        tokenizer(source).forEach((k, v) -> out.append(line("tokenizer " + k, String.valueOf(v))));
        metadata(source)
                .forEach(
                        (k, v) ->
                                out.append(
                                        line(
                                                k,
                                                shortened(
                                                        String.valueOf(
                                                                v instanceof JsonObject
                                                                        ? "config.json beside it"
                                                                        : v)))));
        if (tensors || hash || stats) {
            for (Object member : described)
                out.append(row((SequencedMap<?, ?>) member)).append('\n');
        }
        return out.toString().stripTrailing();
    }

    private static String row(SequencedMap<?, ?> tensor) {
        StringBuilder row =
                new StringBuilder(
                        String.format(
                                Locale.ROOT,
                                "%-48s %-8s %s",
                                tensor.get("name"),
                                tensor.get("dtype"),
                                tensor.get("shape")));
        if (tensor.containsKey("sha256")) row.append("  ").append(tensor.get("sha256"));
        if (tensor.containsKey("stats")) row.append("  ").append(tensor.get("stats"));
        return row.toString();
    }

    private static String line(String key, String value) {
        return String.format(Locale.ROOT, "%-36s %s%n", key, value);
    }

    private static String shortened(String text) {
        String oneLine = text.replace('\n', ' ');
        return oneLine.length() <= 100 ? oneLine : oneLine.substring(0, 97) + "...";
    }
}
