package tk.convert.lora;

import tk.tensor.Tensor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What an adapter does to a base: every tensor of it used exactly once, every module that its
 * configuration names served.
 *
 * @param adapter the adapter
 * @param lowRank what is added, by the module's path
 * @param saved parameters that were trained whole, by name
 * @param underFactors what the adapter holds of the base's own weights, by name: the same, unless
 *     the vocabulary was enlarged
 * @param rows single rows of embeddings, by the embedding's path
 * @param originals tensors that only repeat the base, or another of the file
 * @param notes what a person should be told
 */
public record AdapterPlan(
        Adapter adapter,
        SequencedMap<String, LowRank> lowRank,
        SequencedMap<String, Tensor> saved,
        SequencedMap<String, Tensor> underFactors,
        SequencedMap<String, Rows> rows,
        List<String> originals,
        List<String> notes) {

    /**
     * New values of single rows.
     *
     * @param values (n, hidden)
     * @param places which of {@code values} stands for which row of the embedding
     */
    public record Rows(Tensor values, Map<Integer, Integer> places) {
        /** Copies the map. */
        public Rows {
            places = Map.copyOf(places);
        }
    }

    /** Copies the collections. */
    public AdapterPlan {
        lowRank = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(lowRank));
        saved = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(saved));
        underFactors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(underFactors));
        rows = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(rows));
        originals = List.copyOf(originals);
        notes = List.copyOf(notes);
    }

    /**
     * Accounts for every tensor of an adapter.
     *
     * @throws tk.error.MalformedException where a tensor is left over, missing, or of another shape
     *     than base and configuration say
     * @throws tk.error.UnsupportedException where the base has no bias to add a LoRA's to
     */
    static AdapterPlan of(Adapter adapter, BaseModules base) {
        return new AdapterPlanner(adapter, base).plan();
    }

    /** Every tensor of the adapter that a merge reads. */
    public List<Tensor> tensors() {
        return adapter.tensors().tensors().values().stream()
                .filter(tensor -> !originals.contains(tensor.info().name()))
                .toList();
    }

    /** Whether it holds nothing but factors, and the products of all are zero; reads them. */
    boolean isZero() {
        return saved.isEmpty()
                && rows.isEmpty()
                && underFactors.isEmpty()
                && lowRank.values().stream().allMatch(LowRank::isZero);
    }

    /** How many modules get something added. */
    public int modules() {
        return lowRank.size();
    }
}
