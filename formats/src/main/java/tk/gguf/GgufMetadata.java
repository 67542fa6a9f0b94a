package tk.gguf;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SequencedMap;

/**
 * The key-value metadata of a GGUF file, in file order. Immutable.
 *
 * <p>The getters give a value where it is there and of the kind asked for; {@code integer} takes
 * any width and sign.
 */
public final class GgufMetadata {
    private final SequencedMap<String, GgufValue> values;

    /** A copy of these values, in this order. */
    public GgufMetadata(SequencedMap<String, GgufValue> values) {
        this.values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
    }

    /** All values by key, in file order. Unmodifiable. */
    public SequencedMap<String, GgufValue> values() {
        return values;
    }

    /** The value of a key. */
    public Optional<GgufValue> get(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** A string. */
    public Optional<String> string(String key) {
        return values.get(key) instanceof GgufValue.Text(String text)
                ? Optional.of(text)
                : Optional.empty();
    }

    /** A whole number of any type. */
    public OptionalLong integer(String key) {
        return values.get(key) instanceof GgufValue.Whole(var type, long value)
                ? OptionalLong.of(value)
                : OptionalLong.empty();
    }

    /** A float of either width, or a whole number. */
    public OptionalDouble number(String key) {
        return switch (values.get(key)) {
            case GgufValue.Float32(float value) -> OptionalDouble.of(value);
            case GgufValue.Float64(double value) -> OptionalDouble.of(value);
            case GgufValue.Whole(var type, long value) -> OptionalDouble.of((double) value);
            case null, default -> OptionalDouble.empty();
        };
    }

    /** A boolean. */
    public Optional<Boolean> bool(String key) {
        return values.get(key) instanceof GgufValue.Bool(boolean value)
                ? Optional.of(value)
                : Optional.empty();
    }

    /** A list of strings. */
    public Optional<List<String>> strings(String key) {
        return values.get(key) instanceof GgufValue.Texts(var list)
                ? Optional.of(list)
                : Optional.empty();
    }

    /** A list of 32-bit floats; not copied. */
    public Optional<float[]> floats(String key) {
        return values.get(key) instanceof GgufValue.Floats(float[] list)
                ? Optional.of(list)
                : Optional.empty();
    }

    /** A list of whole numbers of any type; not copied. */
    public Optional<long[]> integers(String key) {
        return values.get(key) instanceof GgufValue.Numbers(var element, long[] list)
                        && element != GgufValueType.F64
                ? Optional.of(list)
                : Optional.empty();
    }

    /** A builder that starts with these values. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.values.putAll(values);
        return builder;
    }

    /** A builder that starts empty. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects values in order. */
    public static final class Builder {
        private final SequencedMap<String, GgufValue> values = new LinkedHashMap<>();

        private Builder() {}

        /** Sets a value; a key set twice keeps its first place with the last value. */
        public Builder put(String key, GgufValue value) {
            values.put(key, value);
            return this;
        }

        /** Removes a key, if it is there. */
        public Builder remove(String key) {
            values.remove(key);
            return this;
        }

        /** The metadata so far. */
        public GgufMetadata build() {
            return new GgufMetadata(values);
        }
    }
}
