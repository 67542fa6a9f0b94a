package tk.verify.evaluation;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * What a model reached, by the name of each measure; only those whose items the data has.
 *
 * <p>{@code accuracy}, {@code accuracyNormalised} (log-likelihood by the choice's length), {@code
 * f1} (macro), {@code f1Weighted}, {@code bleu} (0 to 100), {@code rouge1}, {@code rouge2}, {@code
 * rougeL}, {@code rougeLsum}, {@code exactMatch} (0 to 1), {@code perplexity}, {@code bitsPerByte}.
 *
 * @param values in that order
 */
public record Scores(SequencedMap<String, Double> values) {
    /** Copies the map. */
    public Scores {
        values = new LinkedHashMap<>(values);
    }

    /** The measures as members; JSON has no infinity. */
    public JsonObject toJson() {
        JsonObject json = new JsonObject(new LinkedHashMap<>());
        for (var value : values.entrySet()) {
            double number = value.getValue();
            double finite = Double.isFinite(number) ? number : Double.MAX_VALUE;
            json = json.with(value.getKey(), JsonValue.of(finite));
        }
        return json;
    }
}
