package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;
import static tk.convert.lora.BaseModules.WEIGHT;

import tk.convert.CanonicalName;
import tk.convert.NearestName;
import tk.convert.lora.AdapterConfig.Bias;
import tk.convert.lora.AdapterKey.Part;
import tk.convert.lora.AdapterPlan.Rows;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/** Sorts an adapter's tensors by what they are to the base, and finds what does not fit. */
final class AdapterPlanner {
    private static final int SHOWN = 8;

    private final Adapter adapter;
    private final AdapterConfig config;
    private final BaseModules base;
    private final String place;

    private final SequencedMap<String, Map<Part, Tensor>> byModule = new LinkedHashMap<>();
    private final SequencedMap<String, Tensor> saved = new LinkedHashMap<>();
    private final SequencedMap<String, Tensor> underFactors = new LinkedHashMap<>();
    private final List<String> originals = new ArrayList<>();
    private final List<String> unused = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    AdapterPlanner(Adapter adapter, BaseModules base) {
        this.adapter = adapter;
        this.config = adapter.config();
        this.base = base;
        this.place = adapter.file().toString();
    }

    AdapterPlan plan() {
        adapter.tensors().tensors().values().forEach(this::sort);
        refuseUnused();
        saved.forEach(this::requireReplacement);
        underFactors.forEach(this::requireReplacement);
        requireTargets();
        requireSaved();
        requireBiases();
        SequencedMap<String, LowRank> lowRank = new LinkedHashMap<>();
        SequencedMap<String, Rows> rows = new LinkedHashMap<>();
        byModule.forEach(
                (module, parts) -> {
                    if (parts.containsKey(Part.TOKENS)) rows.put(module, rows(module, parts));
                    if (parts.size() > (parts.containsKey(Part.TOKENS) ? 1 : 0))
                        lowRank.put(module, lowRank(module, parts));
                });
        requireRows(rows);
        if (config.fanInFanOut()) {
            notes.add(
                    "fan_in_fan_out is set, but these layers store (out, in): ignored, as PEFT does");
        }
        if (!originals.isEmpty()) {
            notes.add(
                    "%d tensors only repeat the base (%s first): left out"
                            .formatted(originals.size(), originals.getFirst()));
        }
        return new AdapterPlan(adapter, lowRank, saved, underFactors, rows, originals, notes);
    }

    private void sort(Tensor tensor) {
        String name = tensor.info().name();
        requireScalars(tensor);
        Optional<AdapterKey> key = AdapterKey.of(name);
        if (key.isPresent() && key.get().part() == Part.ORIGINAL) {
            originals.add(name);
            return;
        }
        Optional<CanonicalName> weight =
                key.flatMap(k -> canonical(k.module(), k.part() == Part.BIAS ? BIAS : WEIGHT));
        if (key.isEmpty() || weight.isEmpty() || !base.shapes().containsKey(weight.get().hf())) {
            unused.add(name);
            return;
        }
        Part part = key.get().part();
        String parameter = weight.get().hf();
        Tensor ordered = inHalves(weight.get(), part, tensor);
        Tensor before =
                switch (part) {
                    case WEIGHT, BIAS -> saved.put(parameter, ordered);
                    case BASE_WEIGHT -> underFactors.put(parameter, ordered);
                    default ->
                            byModule.computeIfAbsent(
                                            BaseModules.module(parameter),
                                            module -> new EnumMap<>(Part.class))
                                    .put(part, ordered);
                };
        if (before != null) {
            throw new MalformedException(
                    "%s: `%s` and `%s` are both for %s"
                            .formatted(place, before.info().name(), name, parameter),
                    "The file holds more than one adapter: save one alone.");
        }
    }

    private Optional<CanonicalName> canonical(String module, String parameter) {
        return CanonicalName.of(base.model().table(), module + parameter)
                // torchtune calls a norm's weight its scale.
                .or(() -> CanonicalName.of(base.model().table(), module + ".scale"))
                .filter(name -> name.hf().endsWith(parameter));
    }

    /** Rows of outputs in Hugging Face's order; only torchtune and Meta have another. */
    private Tensor inHalves(CanonicalName name, Part part, Tensor tensor) {
        return switch (part) {
            case B, B_BIAS, MAGNITUDE, WEIGHT, BASE_WEIGHT, BIAS ->
                    tensor.info().shape().rank() > 0
                                    && tensor.info()
                                            .shape()
                                            .equals(expectedOutputs(name, part, tensor))
                            ? name.inHalves(tensor, base.model().config())
                            : tensor;
            default -> tensor;
        };
    }

    /** The shape with the module's number of outputs: only such rows can be put in order. */
    private Shape expectedOutputs(CanonicalName name, Part part, Tensor tensor) {
        long[] dims = tensor.info().shape().dims();
        Shape own = base.shapes().get(name.hf());
        dims[0] = own == null || part == Part.A ? dims[0] : own.dim(0);
        return new Shape(dims);
    }

    private void requireScalars(Tensor tensor) {
        if (Scalars.canWiden(tensor.info().dtype())) return;
        throw new UnsupportedException(
                "%s: tensor `%s` is %s, expected F32, F16, BF16 or F64"
                        .formatted(place, tensor.info().name(), tensor.info().dtype()),
                "Save the adapter in one of these types.");
    }

    private void refuseUnused() {
        if (unused.isEmpty()) return;
        List<String> known =
                base.shapes().keySet().stream()
                        .map(BaseModules::module)
                        .distinct()
                        .flatMap(
                                m ->
                                        List.of(
                                                "base_model.model." + m + ".lora_A.weight",
                                                "base_model.model." + m + ".lora_B.weight",
                                                "base_model.model." + m + ".weight")
                                                .stream())
                        .toList();
        StringBuilder text =
                new StringBuilder(
                        "%s: %d of %d tensors belong to nothing in the base"
                                .formatted(
                                        place, unused.size(), adapter.tensors().tensors().size()));
        for (String name : unused.subList(0, Math.min(SHOWN, unused.size()))) {
            String shown = name.length() > 200 ? name.substring(0, 200) + "…" : name;
            text.append("\n  ").append(shown);
            NearestName.among(known, shown)
                    .ifPresent(n -> text.append("  (nearest: ").append(n).append(')'));
        }
        if (unused.size() > SHOWN) text.append("\n  … %d more".formatted(unused.size() - SHOWN));
        throw new MalformedException(text.toString(), "Is this the base it was trained on?");
    }

    /** Only embedding and head may have other rows than the base: a vocabulary can be enlarged. */
    private void requireReplacement(String parameter, Tensor tensor) {
        Shape found = tensor.info().shape();
        Shape expected = base.shapes().get(parameter);
        if (expected == null || found.equals(expected)) return;
        boolean vocabulary =
                BaseModules.partner(parameter).isPresent()
                        && found.rank() == 2
                        && found.columns() == expected.columns()
                        && found.rows() > 0;
        if (vocabulary) return;
        throw misshapen(tensor, expected, "as `%s` is in the base".formatted(parameter));
    }

    private void requireTargets() {
        Set<String> found = new LinkedHashSet<>();
        byModule.forEach(
                (module, parts) -> {
                    boolean only = parts.size() == 1 && parts.containsKey(Part.TOKENS);
                    if (!only) found.add(module);
                });
        if (config.targets() instanceof ModuleSelection.Unsaid) return;
        List<String> wanted = base.matrices().stream().filter(config::targets).toList();
        List<String> missing = wanted.stream().filter(m -> !found.contains(m)).toList();
        if (!missing.isEmpty()) {
            throw new MalformedException(
                    "%s: %d of the %d modules that target_modules names have no tensors: %s"
                            .formatted(place, missing.size(), wanted.size(), shown(missing)),
                    "The adapter was saved incompletely: save it again.");
        }
        List<String> extra = found.stream().filter(m -> !wanted.contains(m)).toList();
        if (!extra.isEmpty()) {
            throw new MalformedException(
                    "%s: %d modules have tensors, but are not among target_modules: %s"
                            .formatted(place, extra.size(), shown(extra)),
                    "Configuration and tensors are of different adapters.");
        }
    }

    private void requireSaved() {
        List<String> missing = new ArrayList<>();
        for (String name : config.modulesToSave()) {
            boolean any = false;
            for (String parameter : base.shapes().keySet()) {
                if (!within(parameter, name)) continue;
                any = true;
                boolean there =
                        saved.containsKey(parameter)
                                || base.tied()
                                        && BaseModules.partner(parameter)
                                                .filter(saved::containsKey)
                                                .isPresent();
                if (!there) missing.add(parameter);
            }
            if (!any)
                notes.add(
                        "modules_to_save names `%s`, which the base does not have".formatted(name));
        }
        if (missing.isEmpty()) return;
        throw new MalformedException(
                "%s: modules_to_save names parameters that have no tensors: %s"
                        .formatted(place, shown(missing)),
                "The adapter was saved incompletely: save it again.");
    }

    /** Whether a module on the way to the parameter ends in the name: PEFT compares texts. */
    private static boolean within(String parameter, String name) {
        for (String path = BaseModules.module(parameter); ; path = BaseModules.module(path)) {
            if (path.endsWith(name)) return true;
            if (path.indexOf('.') < 0) return false;
        }
    }

    private void requireBiases() {
        if (config.bias() == Bias.NONE) return;
        List<String> missing =
                base.shapes().keySet().stream()
                        .filter(p -> p.endsWith(BIAS) && !saved.containsKey(p))
                        .filter(
                                p ->
                                        config.bias() == Bias.ALL
                                                || byModule.containsKey(BaseModules.module(p)))
                        .toList();
        if (missing.isEmpty()) return;
        throw new MalformedException(
                "%s: the configuration says that biases were trained, but these are missing: %s"
                        .formatted(place, shown(missing)),
                "The adapter was saved incompletely: save it again.");
    }

    private Rows rows(String module, Map<Part, Tensor> parts) {
        Tensor values = part(parts, Part.TOKENS);
        List<Integer> indices =
                config.tokenIndices().entrySet().stream()
                        .filter(e -> module.equals(e.getKey()) || module.endsWith("." + e.getKey()))
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElse(List.of());
        Shape shape = values.info().shape();
        Shape weight = weightShape(module);
        if (!shape.is(indices.size(), weight.columns())) {
            throw misshapen(
                    values,
                    new Shape(indices.size(), weight.columns()),
                    "trainable_token_indices lists %d rows".formatted(indices.size()));
        }
        Map<Integer, Integer> places = new LinkedHashMap<>();
        for (int i = 0; i < indices.size(); i++) {
            int row = indices.get(i);
            if (row >= weight.rows() || places.put(row, i) != null) {
                throw new MalformedException(
                        "%s: trainable_token_indices: %d is %s"
                                .formatted(
                                        config.place(),
                                        row,
                                        row >= weight.rows()
                                                ? "no row of `%s`, which has %d"
                                                        .formatted(module, weight.rows())
                                                : "there twice"),
                        "Is this the base it was trained on?");
            }
        }
        return new Rows(values, places);
    }

    private void requireRows(Map<String, Rows> rows) {
        for (String name : config.tokenIndices().keySet()) {
            boolean there =
                    rows.keySet().stream().anyMatch(m -> m.equals(name) || m.endsWith("." + name));
            boolean tiedHead = base.tied() && name.endsWith(HEAD) && rows.containsKey(EMBEDDING);
            if (there || tiedHead) continue;
            throw new MalformedException(
                    "%s: trainable_token_indices names `%s`, which has no rows in the adapter"
                            .formatted(place, name),
                    "The adapter was saved incompletely: save it again.");
        }
    }

    private LowRank lowRank(String module, Map<Part, Tensor> parts) {
        boolean embedding =
                parts.containsKey(Part.EMBEDDING_A) || parts.containsKey(Part.EMBEDDING_B);
        Tensor a = require(module, parts, embedding ? Part.EMBEDDING_A : Part.A);
        Tensor b = require(module, parts, embedding ? Part.EMBEDDING_B : Part.B);
        if (embedding && (parts.containsKey(Part.A) || parts.containsKey(Part.B))) {
            throw new MalformedException(
                    "%s: `%s` has factors both of an embedding and of a linear layer"
                            .formatted(place, module));
        }
        Shape weight = weightShape(module);
        long r = config.rank(module);
        long in = embedding ? weight.dim(0) : weight.dim(1);
        long out = embedding ? weight.dim(1) : weight.dim(0);
        requireShape(a, new Shape(r, in), 0, module);
        requireShape(b, new Shape(out, r), 1, module);
        Optional<Tensor> magnitude = Optional.ofNullable(parts.get(Part.MAGNITUDE));
        requireKind("use_dora", config.dora(), module, magnitude, "magnitudes");
        magnitude.ifPresent(m -> requireElements(m, out, module));
        Optional<Tensor> bias = Optional.ofNullable(parts.get(Part.B_BIAS));
        requireKind("lora_bias", config.loraBias(), module, bias, "a bias of B");
        bias.ifPresent(m -> requireElements(m, out, module));
        if (bias.isPresent() && !base.shapes().containsKey(module + BIAS)) {
            throw new UnsupportedException(
                    "%s: `%s` has no bias in the base, so that B's cannot be merged"
                            .formatted(place, module),
                    "PEFT cannot merge it either: keep base and adapter apart.");
        }
        return new LowRank(module, embedding, a, b, bias, magnitude, config.scaling(module));
    }

    private void requireKind(
            String key, boolean wanted, String module, Optional<Tensor> tensor, String what) {
        if (wanted == tensor.isPresent()) return;
        throw new MalformedException(
                "%s: `%s` has %s%s, but the configuration says %s=%s"
                        .formatted(place, module, wanted ? "no " : "", what, key, wanted),
                "Configuration and tensors are of different adapters.");
    }

    private Tensor require(String module, Map<Part, Tensor> parts, Part part) {
        Tensor tensor = parts.get(part);
        if (tensor != null) return tensor;
        throw new MalformedException(
                "%s: `%s` has no lora_%s".formatted(place, module, part),
                "The adapter was saved incompletely: save it again.");
    }

    private static Tensor part(Map<Part, Tensor> parts, Part part) {
        return Optional.ofNullable(parts.get(part)).orElseThrow();
    }

    /** The shape of a weight once the adapter's own copy of it, if any, has replaced it. */
    private Shape weightShape(String module) {
        String name = module + WEIGHT;
        Tensor own = underFactors.get(name);
        if (own == null) own = saved.get(name);
        if (own == null && base.tied()) {
            own =
                    BaseModules.partner(name)
                            .map(p -> underFactors.getOrDefault(p, saved.get(p)))
                            .orElse(null);
        }
        Shape shape = own != null ? own.info().shape() : base.shapes().get(name);
        if (shape == null || shape.rank() != 2) {
            throw new MalformedException(
                    "%s: `%s` is no matrix in the base".formatted(place, module));
        }
        return shape;
    }

    /** Checks a factor; {@code rankAxis} is the dimension that r is the extent of. */
    private void requireShape(Tensor tensor, Shape expected, int rankAxis, String module) {
        Shape found = tensor.info().shape();
        if (found.equals(expected)) return;
        boolean rankOnly =
                found.rank() == 2 && found.dim(1 - rankAxis) == expected.dim(1 - rankAxis);
        throw misshapen(
                tensor,
                expected,
                rankOnly
                        ? "r is %d here".formatted(config.rank(module))
                        : "`%s` is %s in the base".formatted(module, weightShape(module)));
    }

    private void requireElements(Tensor tensor, long count, String module) {
        if (tensor.info().shape().elements() == count && tensor.info().shape().columns() == count)
            return;
        throw misshapen(
                tensor,
                new Shape(count),
                "`%s` is %s in the base".formatted(module, weightShape(module)));
    }

    private MalformedException misshapen(Tensor tensor, Shape expected, String why) {
        return new MalformedException(
                "%s: tensor `%s` has shape %s, expected %s: %s"
                        .formatted(
                                place, tensor.info().name(), tensor.info().shape(), expected, why),
                "Is this the base it was trained on, and the configuration it was saved with?");
    }

    private static String shown(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
        return names.size() > SHOWN
                ? first + " and %d more".formatted(names.size() - SHOWN)
                : first;
    }
}
