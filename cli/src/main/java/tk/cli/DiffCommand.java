package tk.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.tensor.TensorInfo;
import tk.verify.difference.MetadataDifference;
import tk.verify.difference.ModelDifference;
import tk.verify.difference.ValueDifference;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.concurrent.Callable;

/** {@code tk diff}: what differs between two models, across formats. */
@Command(
        name = "diff",
        description =
                "Shows which metadata and tensors of two models differ, and by how much, across formats.",
        footer = {
            "",
            "Tensors are paired by name, or, where the formats name them differently, by what they are for,",
            "with the rows of queries and keys in one order. RMSE and NMSE are relative to A. Exit code 0",
            "whether they differ or not: scripts read `equal` of --json."
        })
final class DiffCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private InputOptions inputs;

    @Parameters(index = "0", paramLabel = "A", description = "A model file or folder.")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "Another.")
    private Path second;

    @SuppressWarnings("NullAway.Init")
    DiffCommand() {}

    @Override
    public Integer call() {
        try (ModelSource a = inputs.open(first);
                ModelSource b = inputs.open(second)) {
            ModelDifference found = ModelDifference.of(a, b, common.threads(), common.progress());
            found.notes().forEach(common::note);
            common.result(json(found), common.json() ? "" : text(found));
        }
        return 0;
    }

    private static JsonObject json(ModelDifference found) {
        List<Object> metadata = new ArrayList<>();
        for (MetadataDifference difference : found.metadata()) {
            SequencedMap<String, Object> member = new LinkedHashMap<>();
            member.put("key", difference.key());
            difference.a().ifPresent(value -> member.put("a", value));
            difference.b().ifPresent(value -> member.put("b", value));
            metadata.add(member);
        }
        List<Object> tensors = new ArrayList<>();
        for (ValueDifference difference : found.tensors()) {
            if (difference.isEqual() && difference.types().isEmpty()) continue;
            tensors.add(json(difference));
        }
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("equal", found.isEqual());
        json.put("compared", found.tensors().size());
        json.put("metadata", metadata);
        json.put("tensors", tensors);
        json.put("onlyInA", found.onlyInA());
        json.put("onlyInB", found.onlyInB());
        json.put("notes", found.notes());
        return (JsonObject) JsonValue.of(json);
    }

    private static SequencedMap<String, Object> json(ValueDifference difference) {
        SequencedMap<String, Object> member = new LinkedHashMap<>();
        member.put("name", difference.a().name());
        member.put("a", json(difference.a()));
        member.put("b", json(difference.b()));
        member.put("changed", difference.changed());
        put(member, "maxAbs", difference.maxAbs());
        put(member, "rmse", difference.rmse());
        put(member, "nmse", difference.nmse());
        if (difference.rmse().isPresent()) member.put("worstRow", difference.worstRow());
        return member;
    }

    private static SequencedMap<String, Object> json(TensorInfo info) {
        List<Long> shape = new ArrayList<>();
        for (long dim : info.shape().dims()) shape.add(dim);
        SequencedMap<String, Object> member = new LinkedHashMap<>();
        member.put("name", info.name());
        member.put("dtype", info.dtype().name());
        member.put("shape", shape);
        return member;
    }

    /** JSON has no infinity. */
    private static void put(
            SequencedMap<String, Object> member, String name, OptionalDouble value) {
        value.ifPresent(v -> member.put(name, Double.isFinite(v) ? v : Double.MAX_VALUE));
    }

    private static String text(ModelDifference found) {
        StringBuilder out = new StringBuilder();
        for (MetadataDifference difference : found.metadata()) {
            out.append("metadata ").append(difference.key()).append('\n');
            difference.a().ifPresent(v -> out.append("  A ").append(line(v)).append('\n'));
            difference.b().ifPresent(v -> out.append("  B ").append(line(v)).append('\n'));
        }
        for (String name : found.onlyInA()) out.append("only in A ").append(name).append('\n');
        for (String name : found.onlyInB()) out.append("only in B ").append(name).append('\n');
        int equal = 0;
        boolean headed = false;
        for (ValueDifference difference : found.tensors()) {
            if (difference.isEqual()) {
                equal++;
                continue;
            }
            if (!headed) {
                out.append("   max abs       RMSE       NMSE  tensor\n");
                headed = true;
            }
            out.append(row(difference)).append('\n');
        }
        out.append(
                String.format(
                        Locale.ROOT,
                        "%d tensors equal, %d differ, %d only in A, %d only in B; %d keys differ",
                        equal,
                        found.tensors().size() - equal,
                        found.onlyInA().size(),
                        found.onlyInB().size(),
                        found.metadata().size()));
        return out.toString();
    }

    private static String row(ValueDifference difference) {
        String types = difference.types().map(t -> "  (" + t + ")").orElse("");
        if (difference.rmse().isEmpty()) {
            String shapes =
                    difference.a().shape().equals(difference.b().shape())
                            ? String.format(Locale.ROOT, "%,d values", difference.changed())
                            : difference.a().shape() + " | " + difference.b().shape();
            return String.format(Locale.ROOT, "%32s  %s%s", shapes, difference.names(), types);
        }
        return String.format(
                Locale.ROOT,
                "%10.3g %10.3g %10.3g  %s%s",
                difference.maxAbs().orElse(0),
                difference.rmse().orElse(0),
                difference.nmse().orElse(0),
                difference.names(),
                types);
    }

    /** A value on one line of a terminal. */
    private static String line(String value) {
        String flat = value.replace("\n", "\\n");
        return flat.length() <= 100 ? flat : flat.substring(0, 97) + "…";
    }
}
