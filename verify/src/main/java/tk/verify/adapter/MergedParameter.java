package tk.verify.adapter;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;

/**
 * What a merged parameter gives on a random probe x, beside what base and adapters give apart.
 *
 * @param name of the parameter, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param error ‖W′x − (Wx + s·B(Ax))‖ / ‖W′x‖
 * @param limit what rounding explains of it
 * @param moved ‖W′ − W‖ / ‖W‖
 * @param lost how much of the change rounding took away: the error over ‖W′x − Wx‖
 * @param rows how many rows were probed
 * @param pass whether every row's error is within its bound
 */
public record MergedParameter(
        String name,
        double error,
        double limit,
        double moved,
        double lost,
        long rows,
        boolean pass) {
    JsonObject toJson() {
        return new JsonObject(new LinkedHashMap<>())
                .with("name", JsonValue.of(name))
                .with("error", number(error))
                .with("limit", number(limit))
                .with("moved", number(moved))
                .with("lost", number(lost))
                .with("rows", JsonValue.of(rows))
                .with("pass", JsonValue.of(pass));
    }

    private static JsonValue number(double value) {
        return Double.isFinite(value) ? JsonValue.of(value) : JsonValue.of(null);
    }
}
