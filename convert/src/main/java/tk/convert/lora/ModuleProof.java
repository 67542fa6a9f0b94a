package tk.convert.lora;

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
public record ModuleProof(
        String name,
        double error,
        double limit,
        double moved,
        double lost,
        long rows,
        boolean pass) {}
