package tk.convert.lora;

import static tk.convert.lora.BaseModules.BIAS;
import static tk.convert.lora.BaseModules.EMBEDDING;
import static tk.convert.lora.BaseModules.HEAD;
import static tk.convert.lora.BaseModules.WEIGHT;

import tk.checkpoint.TensorMap;
import tk.convert.CastTensor;
import tk.convert.HfModel;
import tk.convert.KeyMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.hf.ConfigReader;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.RenamedTensor;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A base with adapters merged into it, one after another, as PEFT's {@code merge_and_unload} does
 * it; lazily, row by row.
 *
 * @param base in Hugging Face's names, without a tied head
 * @param steps what each adapter did, in order
 * @param merged names and types of the base; closing its weights closes base and adapters
 * @param notes what a person should be told
 */
public record Merge(HfModel base, List<Step> steps, HfModel merged, List<String> notes) {
    /**
     * One adapter merged.
     *
     * @param plan what it does
     * @param before the model that it was merged into: the base, or what the step before gave
     * @param scale what all its scales are multiplied with
     */
    public record Step(AdapterPlan plan, HfModel before, double scale) {}

    /** Copies the lists. */
    public Merge {
        steps = List.copyOf(steps);
        notes = List.copyOf(notes);
    }

    /**
     * Plans a merge. Of the values only the adapters' are read, to see that they are finite and
     * change something.
     *
     * @param place what to call the base in errors: its path
     * @param base owned by the result
     * @param saysTied what the base's own configuration says of embedding and head
     * @param adapters in order; owned by the result
     * @param scale what is multiplied with what is added; what was trained whole is not scaled
     */
    public static Merge of(
            String place, HfModel base, boolean saysTied, List<Adapter> adapters, double scale) {
        if (!Double.isFinite(scale) || scale == 0) {
            throw new UsageException("a scale of %s merges nothing".formatted(scale));
        }
        requireScalars(place, base);
        Merger merger = new Merger(BaseModules.of(base, saysTied));
        List<Step> steps = new ArrayList<>();
        for (Adapter adapter : adapters) {
            AdapterPlan plan = AdapterPlan.of(adapter, merger.modules);
            FiniteAdapter.require(adapter.file().toString(), plan.tensors());
            steps.add(new Step(plan, merger.modules.model(), scale));
            merger.merge(plan, scale);
        }
        List<AutoCloseable> owned = new ArrayList<>(adapters);
        owned.add(base.weights());
        HfModel last = merger.modules.model();
        TensorMap weights =
                new TensorMap(last.weights().tensors().values(), base.weights().metadata(), owned);
        HfModel merged = HfModel.of(place, weights, withVocabulary(place, last), KeyMap.NONE);
        merger.tell(merged);
        return new Merge(steps.getFirst().before(), steps, merged, merger.notes);
    }

    private static void requireScalars(String place, HfModel base) {
        for (Tensor tensor : base.weights().tensors().values()) {
            DType type = tensor.info().dtype();
            if (type == DType.F32 || type == DType.F16 || type == DType.BF16) continue;
            throw new UnsupportedException(
                    "%s: tensor `%s` is %s: an adapter is merged into F32, F16 or BF16"
                            .formatted(place, tensor.info().name(), type),
                    type.isBlock()
                            ? "Take the base as it was before it was quantized, or give --dequantize."
                            : "Convert the base first: tk convert --dtype f32.");
        }
    }

    private static tk.hf.ModelConfig withVocabulary(String place, HfModel model) {
        Map<String, Tensor> tensors = model.weights().tensors();
        Shape embedding = Objects.requireNonNull(tensors.get(EMBEDDING + WEIGHT)).info().shape();
        Tensor head = tensors.get(HEAD + WEIGHT);
        if (head != null && head.info().shape().rows() != embedding.rows()) {
            throw new MalformedException(
                    "%s: after the merge the embedding has %d rows and the head %d"
                            .formatted(place, embedding.rows(), head.info().shape().rows()),
                    "The adapter belongs to a resized vocabulary, but holds only one of the two: save it"
                            + " with save_embedding_layers=True.");
        }
        JsonObject json = model.config().json();
        if (model.config().vocabSize() != embedding.rows()) {
            json = json.with("vocab_size", JsonValue.of(embedding.rows()));
        }
        if (head != null) json = json.with("tie_word_embeddings", JsonValue.of(false));
        return json.equals(model.config().json())
                ? model.config()
                : ConfigReader.parse(json, place);
    }

    /** The state of a merge between adapters. */
    private static final class Merger {
        private final FactorCache cache = new FactorCache();
        private final List<String> notes = new ArrayList<>();
        private final boolean wasTied;
        private final int vocabulary;
        private BaseModules modules;

        Merger(BaseModules modules) {
            this.modules = modules;
            this.wasTied = modules.tied();
            this.vocabulary = modules.model().config().vocabSize();
        }

        void merge(AdapterPlan plan, double scale) {
            SequencedMap<String, Tensor> tensors =
                    new LinkedHashMap<>(modules.model().weights().tensors());
            notes.addAll(plan.notes());
            plan.underFactors().forEach((name, tensor) -> replace(tensors, home(name), tensor));
            replaceSaved(plan, tensors);
            boolean tied = !tensors.containsKey(HEAD + WEIGHT);
            // Where both are one matrix, PEFT's merge comes to the embedding first.
            plan.lowRank().values().stream()
                    .sorted(Comparator.comparing(low -> !low.module().equals(EMBEDDING)))
                    .forEach(low -> add(tensors, low.module(), low, scale, tied));
            plan.rows()
                    .forEach(
                            (module, rows) ->
                                    tensors.compute(
                                            home(module + WEIGHT, tied),
                                            (name, tensor) ->
                                                    ReplacedRows.of(
                                                            Objects.requireNonNull(tensor),
                                                            rows.values(),
                                                            rows.places())));
            HfModel model = modules.model();
            modules =
                    BaseModules.of(
                            model.with(TensorMap.replacing(model.weights(), tensors.values())),
                            false);
        }

        /** Where a parameter's values lie: a tied head's in the embedding. */
        private String home(String parameter) {
            return home(parameter, modules.tied());
        }

        private static String home(String parameter, boolean tied) {
            return tied && parameter.equals(HEAD + WEIGHT) ? EMBEDDING + WEIGHT : parameter;
        }

        /**
         * What was trained whole. Where modules_to_save names one of tied ones, it is a copy of its
         * own from then on; else both are loaded into the one matrix that there is.
         */
        private void replaceSaved(AdapterPlan plan, SequencedMap<String, Tensor> tensors) {
            Tensor before = tensors.get(EMBEDDING + WEIGHT);
            plan.saved()
                    .forEach(
                            (name, tensor) -> {
                                boolean copy =
                                        BaseModules.partner(name)
                                                .filter(
                                                        other ->
                                                                parts(plan, name)
                                                                        || parts(plan, other))
                                                .isPresent();
                                replace(tensors, copy ? name : home(name), tensor);
                            });
            boolean embeddingAlone =
                    modules.tied()
                            && parts(plan, EMBEDDING + WEIGHT)
                            && !plan.saved().containsKey(HEAD + WEIGHT);
            if (embeddingAlone && before != null) {
                tensors.put(HEAD + WEIGHT, RenamedTensor.of(HEAD + WEIGHT, before));
            }
        }

        /** Whether embedding and head part where the adapter trained this one of them. */
        private boolean parts(AdapterPlan plan, String name) {
            Tensor trained = plan.saved().get(name);
            Shape shape = modules.shapes().get(name);
            boolean both = plan.saved().size() > 1 && bothSaved(plan);
            return trained != null
                    && shape != null
                    && modules.tied()
                    && !plan.adapter().config().ensureTying()
                    && plan.adapter().config().saves(BaseModules.module(name))
                    // Rows that were added are in the other one too, so that it must be the same.
                    && (both || trained.info().shape().equals(shape));
        }

        private static boolean bothSaved(AdapterPlan plan) {
            return plan.saved().containsKey(EMBEDDING + WEIGHT)
                    && plan.saved().containsKey(HEAD + WEIGHT);
        }

        private void replace(SequencedMap<String, Tensor> tensors, String name, Tensor tensor) {
            Tensor old = tensors.get(name);
            DType type =
                    old != null
                            ? old.info().dtype()
                            : Objects.requireNonNull(tensors.get(EMBEDDING + WEIGHT))
                                    .info()
                                    .dtype();
            tensors.put(name, CastTensor.of(RenamedTensor.of(name, tensor), type));
        }

        private void add(
                SequencedMap<String, Tensor> tensors,
                String module,
                LowRank low,
                double scale,
                boolean tied) {
            float s = (float) (low.scaling() * scale);
            if (tied && (module.equals(EMBEDDING) || module.equals(HEAD))) {
                notes.add(
                        "`%s` is both embedding and head: what is added to it changes both, as in PEFT's merge"
                                .formatted(EMBEDDING));
            }
            tensors.compute(
                    home(module + WEIGHT, tied),
                    (name, tensor) ->
                            new LoraTensor(Objects.requireNonNull(tensor), low, s, cache));
            Optional<Tensor> bias = low.outputBias();
            if (bias.isEmpty()) return;
            tensors.compute(
                    module + BIAS,
                    (name, tensor) -> new AddedBias(Objects.requireNonNull(tensor), bias.get(), s));
        }

        void tell(HfModel merged) {
            if (wasTied && !merged.tying().isTied()) {
                notes.add(
                        "embedding and head were one and are two now: the adapter trained them apart"
                                + " (tie_word_embeddings=false)");
            } else if (wasTied) {
                notes.add("embedding and head stay one (tie_word_embeddings=true)");
            }
            if (merged.config().vocabSize() != vocabulary) {
                notes.add(
                        "the vocabulary has %d tokens, %d before the merge"
                                .formatted(merged.config().vocabSize(), vocabulary));
            }
        }
    }
}
