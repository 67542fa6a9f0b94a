package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.WEIGHT;

import tk.convert.lora.AdapterKey.Part;
import tk.convert.lora.AdapterPlan.Rows;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** Makes what an adapter does to a base of its tensors, and checks their shapes. */
final class AdapterPlanner {
    private final Adapter adapter;
    private final AdapterConfig config;
    private final BaseModules base;
    private final SortedTensors tensors;
    private final String place;

    AdapterPlanner(Adapter adapter, BaseModules base) {
        this.adapter = adapter;
        this.config = adapter.config();
        this.base = base;
        this.tensors = SortedTensors.of(adapter, base);
        this.place = adapter.file().toString();
    }

    AdapterPlan plan() {
        tensors.saved().forEach(this::requireReplacement);
        tensors.underFactors().forEach(this::requireReplacement);
        List<String> notes = new ArrayList<>(new Completeness(adapter, base, tensors).require());
        SequencedMap<String, LowRank> lowRank = new LinkedHashMap<>();
        SequencedMap<String, Rows> rows = new LinkedHashMap<>();
        tensors.byModule()
                .forEach(
                        (module, parts) -> {
                            Tensor values = parts.get(Part.TOKENS);
                            if (values != null) rows.put(module, rows(module, values));
                            if (SortedTensors.adds(parts))
                                lowRank.put(module, lowRank(module, parts));
                        });
        if (config.fanInFanOut()) {
            notes.add(
                    "fan_in_fan_out is set, but these layers store (out, in): ignored, as PEFT does");
        }
        if (!config.unknown().isEmpty()) {
            notes.add(
                    "%s: settings that are not known here, and are ignored: %s"
                            .formatted(config.place(), SortedTensors.shown(config.unknown())));
        }
        List<String> originals = tensors.originals();
        if (!originals.isEmpty()) {
            notes.add(
                    "%d tensors only repeat others or the base (%s first): left out"
                            .formatted(originals.size(), originals.getFirst()));
        }
        return new AdapterPlan(
                adapter, lowRank, tensors.saved(), tensors.underFactors(), rows, originals, notes);
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

    private Rows rows(String module, Tensor values) {
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
            if (row >= weight.rows()) {
                throw new MalformedException(
                        "%s: trainable_token_indices: %d is no row of `%s`, which has %d"
                                .formatted(config.place(), row, module, weight.rows()),
                        "If the vocabulary was enlarged, save the adapter with"
                                + " save_embedding_layers=True, or give the enlarged base.");
            }
            if (places.put(row, i) != null) {
                throw new MalformedException(
                        "%s: trainable_token_indices: %d is there twice"
                                .formatted(config.place(), row),
                        "Correct it in adapter_config.json.");
            }
        }
        return new Rows(values, places);
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

    /** The shape of a weight once the adapter's own copy of it, if any, has replaced it. */
    private Shape weightShape(String module) {
        String name = module + WEIGHT;
        Tensor own = tensors.underFactors().get(name);
        if (own == null) own = tensors.saved().get(name);
        if (own == null && base.tied()) {
            own =
                    BaseModules.partner(name)
                            .map(
                                    p ->
                                            tensors.underFactors()
                                                    .getOrDefault(p, tensors.saved().get(p)))
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
}
