package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;
import static tk.convert.lora.BaseModules.WEIGHT;

import tk.convert.CanonicalName;
import tk.convert.NearestName;
import tk.convert.Tying;
import tk.convert.lora.AdapterKey.Part;
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

/**
 * An adapter's tensors by what they are to the base; a tensor that is nothing to it is refused.
 *
 * @param byModule what is added, or put in place of rows, by the module's path
 * @param saved parameters that were trained whole, by name
 * @param underFactors what the adapter holds of the base's own weights, by name
 * @param originals names of tensors that only repeat the base, or another of the file
 */
record SortedTensors(
        SequencedMap<String, Map<Part, Tensor>> byModule,
        SequencedMap<String, Tensor> saved,
        SequencedMap<String, Tensor> underFactors,
        List<String> originals) {
    /** Names that are listed where more are wrong. */
    static final int SHOWN = 8;

    /**
     * Sorts an adapter's tensors.
     *
     * @throws MalformedException where one belongs to nothing, or two to the same
     */
    static SortedTensors of(Adapter adapter, BaseModules base) {
        Sorting sorting = new Sorting(adapter, base);
        adapter.tensors().tensors().values().forEach(sorting::sort);
        sorting.refuseUnused();
        sorting.leaveOutSharedRows();
        return new SortedTensors(
                sorting.byModule, sorting.saved, sorting.underFactors, sorting.originals);
    }

    /** Modules that something is added to: more than rows in place of their own. */
    Set<String> adapted() {
        Set<String> found = new LinkedHashSet<>();
        byModule.forEach(
                (module, parts) -> {
                    if (adds(parts)) found.add(module);
                });
        return found;
    }

    /** Whether a module's tensors are more than rows in place of its own. */
    static boolean adds(Map<Part, Tensor> parts) {
        return parts.size() > (parts.containsKey(Part.TOKENS) ? 1 : 0);
    }

    /** The first few names. */
    static String shown(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
        return names.size() > SHOWN
                ? first + " and %d more".formatted(names.size() - SHOWN)
                : first;
    }

    /** The state while tensors are sorted. */
    private static final class Sorting {
        private final Adapter adapter;
        private final BaseModules base;
        private final String place;
        private final SequencedMap<String, Map<Part, Tensor>> byModule = new LinkedHashMap<>();
        private final SequencedMap<String, Tensor> saved = new LinkedHashMap<>();
        private final SequencedMap<String, Tensor> underFactors = new LinkedHashMap<>();
        private final List<String> originals = new ArrayList<>();
        private final List<String> unused = new ArrayList<>();

        Sorting(Adapter adapter, BaseModules base) {
            this.adapter = adapter;
            this.base = base;
            this.place = adapter.file().toString();
        }

        void sort(Tensor tensor) {
            String name = tensor.info().name();
            requireScalars(tensor);
            Optional<AdapterKey> key = AdapterKey.of(name);
            if (key.isPresent() && key.get().part() == Part.ORIGINAL) {
                originals.add(name);
                return;
            }
            Optional<CanonicalName> weight =
                    key.flatMap(k -> canonical(k.module(), k.part() == Part.BIAS ? BIAS : WEIGHT));
            if (key.isEmpty()
                    || weight.isEmpty()
                    || !base.shapes().containsKey(weight.get().hf())) {
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
            if (before != null && !isCopy(before, tensor, parameter)) {
                throw new MalformedException(
                        "%s: `%s` and `%s` are both for %s"
                                .formatted(place, before.info().name(), name, parameter),
                        "The file holds more than one adapter: save one alone.");
            }
        }

        /**
         * Whether both are one: where PEFT saves an enlarged embedding that was trained whole, it
         * writes its values as {@code .weight}, which it reads, and as {@code
         * .modules_to_save.weight}.
         */
        private boolean isCopy(Tensor before, Tensor tensor, String parameter) {
            boolean wrapped = before.info().name().contains(".modules_to_save.");
            boolean other = tensor.info().name().contains(".modules_to_save.");
            if (wrapped == other || !saved.containsKey(parameter)) return false;
            if (!Tying.of(before, Optional.of(tensor)).isTied()) return false;
            if (other) saved.put(parameter, before);
            originals.add((other ? tensor : before).info().name());
            return true;
        }

        /** A tied head's rows are the embedding's, and may have been saved with it. */
        void leaveOutSharedRows() {
            Tensor own = byModule.getOrDefault(EMBEDDING, Map.of()).get(Part.TOKENS);
            Map<Part, Tensor> parts = byModule.getOrDefault(HEAD, Map.of());
            Tensor rows = parts.get(Part.TOKENS);
            boolean named =
                    adapter.config().tokenIndices().keySet().stream().anyMatch(HEAD::endsWith);
            if (!base.tied() || own == null || rows == null || named) return;
            if (!Tying.of(own, Optional.of(rows)).isTied()) return;
            parts.remove(Part.TOKENS);
            if (parts.isEmpty()) byModule.remove(HEAD);
            originals.add(rows.info().name());
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

        void refuseUnused() {
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
                                            place,
                                            unused.size(),
                                            adapter.tensors().tensors().size()));
            for (String name : unused.subList(0, Math.min(SHOWN, unused.size()))) {
                String shown = name.length() > 200 ? name.substring(0, 200) + "…" : name;
                text.append("\n  ").append(shown);
                NearestName.among(known, shown)
                        .ifPresent(n -> text.append("  (nearest: ").append(n).append(')'));
            }
            if (unused.size() > SHOWN)
                text.append("\n  … %d more".formatted(unused.size() - SHOWN));
            throw new MalformedException(text.toString(), "Is this the base it was trained on?");
        }
    }
}
