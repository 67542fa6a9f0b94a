package tk.safetensors;

import tk.tensor.DType;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The dtypes of the format, in the specification's order: by alignment, so that the writer, which
 * begins with the last, keeps every tensor aligned.
 */
final class SafetensorsTypes {
    static final List<DType> ALL =
            List.of(
                    DType.BOOL,
                    DType.F4,
                    DType.F6_E2M3,
                    DType.F6_E3M2,
                    DType.U8,
                    DType.I8,
                    DType.F8_E5M2,
                    DType.F8_E4M3,
                    DType.F8_E8M0,
                    DType.F8_E4M3FNUZ,
                    DType.F8_E5M2FNUZ,
                    DType.I16,
                    DType.U16,
                    DType.F16,
                    DType.BF16,
                    DType.I32,
                    DType.U32,
                    DType.F32,
                    DType.C64,
                    DType.F64,
                    DType.I64,
                    DType.U64);

    private static final Map<String, DType> BY_NAME = new HashMap<>();
    private static final Map<DType, Integer> RANK = new EnumMap<>(DType.class);

    static {
        for (DType type : ALL) {
            BY_NAME.put(type.name(), type);
            RANK.put(type, RANK.size());
        }
    }

    private SafetensorsTypes() {}

    /** The type of this name; the format knows upper case only. */
    static Optional<DType> named(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /** The type's place in the order; empty where the format has no such type. */
    static Optional<Integer> rank(DType type) {
        return Optional.ofNullable(RANK.get(type));
    }
}
