package tk.convert;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.convert.Accounting.Used;
import tk.convert.Dialect.Rotary;
import tk.convert.TensorRule.Presence;
import tk.convert.TensorRule.Rotation;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.RenamedTensor;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A model in Hugging Face's terms, whatever it came from: its names, its row order, and a
 * configuration that agrees with the tensors. Every conversion passes through here.
 *
 * @param table the family's table
 * @param config with {@code tie_word_embeddings} and the bias flags as the tensors have them
 * @param weights under Hugging Face names, in the order of the source; a head that is there is kept
 *     even where it is tied
 * @param tying whether the head shares the embedding's values
 * @param ignored what was left out, by its name in the source
 * @param notes what a person should be told
 */
public record HfModel(
        FamilyTable table,
        ModelConfig config,
        Checkpoint weights,
        Tying tying,
        List<String> ignored,
        List<String> notes) {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String HEAD = "lm_head.weight";

    /** Copies the lists. */
    public HfModel {
        ignored = List.copyOf(ignored);
        notes = List.copyOf(notes);
    }

    /**
     * Accounts for every tensor of a checkpoint, checks it against the configuration, and gives it
     * its Hugging Face name and row order.
     *
     * @param place what to call the checkpoint in errors: its path
     * @param checkpoint in any dialect; owned by the result
     * @param keyMap names of the user's own
     * @throws tk.error.TkException where tensors are missing, unexpected, of another shape than the
     *     configuration says, or of a type that holds no weights
     */
    public static HfModel of(
            String place, Checkpoint checkpoint, ModelConfig config, KeyMap keyMap) {
        return of(place, checkpoint, config, keyMap, false);
    }

    /**
     * As {@link #of(String, Checkpoint, ModelConfig, KeyMap)}.
     *
     * @param anyVocabulary whether the number of the embedding's rows may be another than {@code
     *     vocab_size}; the configuration then follows the rows
     */
    public static HfModel of(
            String place,
            Checkpoint checkpoint,
            ModelConfig given,
            KeyMap keyMap,
            boolean anyVocabulary) {
        FamilyTable table = FamilyTables.of(given.architecture());
        PackedWeights.refuse(place, checkpoint);
        Accounting accounting = Accounting.of(place, checkpoint, table, given, keyMap);
        List<String> notes = new ArrayList<>(accounting.notes());
        ModelConfig config =
                anyVocabulary ? withRowsAsVocabulary(place, accounting, given, notes) : given;
        Shapes.check(place, accounting, config);
        if (accounting.dialect().rotary() == Rotary.PAIRS) {
            notes.add(
                    "%s's names: query and key rows are in pairs, and permuted to halves"
                            .formatted(accounting.dialect().name()));
        }
        List<Tensor> tensors = new ArrayList<>();
        accounting
                .used()
                .forEach((name, used) -> tensors.add(inHalves(name, used, accounting, config)));
        TensorMap weights = TensorMap.replacing(checkpoint, tensors);
        Tying tying =
                Tying.of(
                        Objects.requireNonNull(weights.tensors().get(EMBEDDING)),
                        Optional.ofNullable(weights.tensors().get(HEAD)));
        if (tying.isTied() != config.tiedEmbeddings()) {
            notes.add(
                    "the config says tie_word_embeddings=%s, but the head %s: the tensors count"
                            .formatted(config.tiedEmbeddings(), describe(tying)));
        }
        return new HfModel(
                table,
                agreeing(place, config, accounting, tying),
                weights,
                tying,
                List.copyOf(accounting.ignored().keySet()),
                notes);
    }

    private static Tensor inHalves(
            String name, Used used, Accounting accounting, ModelConfig config) {
        boolean permuted =
                accounting.dialect().rotary() == Rotary.PAIRS
                        && used.rule().rotation() != Rotation.NONE;
        Tensor tensor =
                permuted
                        ? RotaryRows.of(used.tensor(), used.rule().heads(config), Rotary.HALVES)
                        : used.tensor();
        return RenamedTensor.of(name, tensor);
    }

    private static String describe(Tying tying) {
        return switch (tying) {
            case ABSENT -> "is not there, so that the embedding serves as one";
            case SAME_STORAGE -> "is the embedding's storage";
            case EQUAL_BYTES -> "equals the embedding to the bit";
            case UNTIED -> "differs from the embedding";
        };
    }

    /** The configuration with those flags changed that the tensors contradict. */
    private static ModelConfig agreeing(
            String place, ModelConfig config, Accounting accounting, Tying tying) {
        JsonObject json = config.json();
        if (tying.isTied() != config.tiedEmbeddings()) {
            json = json.with("tie_word_embeddings", JsonValue.of(tying.isTied()));
        }
        for (Used used : accounting.used().values()) {
            Presence presence = used.rule().presence();
            if (presence == Presence.ATTENTION_BIAS && !config.attentionBias()) {
                json = json.with("attention_bias", JsonValue.of(true));
            }
            if (presence == Presence.MLP_BIAS && !config.mlpBias()) {
                json = json.with("mlp_bias", JsonValue.of(true));
            }
        }
        return json.equals(config.json()) ? config : ConfigReader.parse(json, place);
    }

    private static ModelConfig withRowsAsVocabulary(
            String place, Accounting accounting, ModelConfig config, List<String> notes) {
        Used embedding = Objects.requireNonNull(accounting.used().get(EMBEDDING));
        Shape shape = embedding.tensor().info().shape();
        if (shape.rank() != 2 || shape.dim(0) == config.vocabSize()) return config;
        notes.add(
                "vocab_size is taken to be %d, as the embedding has rows; the config says %d"
                        .formatted(shape.dim(0), config.vocabSize()));
        return ConfigReader.parse(
                config.json().with("vocab_size", JsonValue.of(shape.dim(0))), place);
    }

    /** The same with something else that a person should be told. */
    public HfModel noted(String note) {
        List<String> told = new ArrayList<>(notes);
        told.add(note);
        return new HfModel(table, config, weights, tying, ignored, told);
    }

    /** The same with other weights. */
    public HfModel with(Checkpoint otherWeights) {
        return new HfModel(table, config, otherWeights, tying, ignored, notes);
    }

    /**
     * The same with rows of zeros after those of embedding and head, so that a larger vocabulary
     * fits.
     *
     * @param rows how many there are to be, at least as many as there are
     */
    public HfModel withVocabulary(int rows) {
        if (rows == config.vocabSize()) return this;
        List<Tensor> padded = new ArrayList<>();
        weights.tensors()
                .forEach(
                        (name, tensor) ->
                                padded.add(
                                        name.equals(EMBEDDING) || name.equals(HEAD)
                                                ? PaddedRows.of(tensor, rows)
                                                : tensor));
        List<String> told = new ArrayList<>(notes);
        told.add(
                "%d rows of zeros added to the embedding and the head: the logits of the added tokens are 0"
                        .formatted(rows - config.vocabSize()));
        JsonObject json = config.json().with("vocab_size", JsonValue.of(rows));
        return new HfModel(
                table,
                ConfigReader.parse(json, "config.json"),
                TensorMap.replacing(weights, padded),
                tying,
                ignored,
                told);
    }

    /** The same with the head left out where it shares the embedding's values. */
    public HfModel withoutTiedHead() {
        if (!tying.isTied() || !weights.tensors().containsKey(HEAD)) return this;
        return with(
                TensorMap.replacing(
                        weights,
                        weights.tensors().values().stream()
                                .filter(tensor -> !tensor.info().name().equals(HEAD))
                                .toList()));
    }
}
