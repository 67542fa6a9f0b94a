package tk.quantize;

import tk.error.UsageException;
import tk.tensor.DType;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a user asks for: a type for most tensors and a rule for the others, with the code of {@code
 * general.file_type}.
 */
public enum FileType {
    F32(0, DType.F32),
    F16(1, DType.F16),
    BF16(32, DType.BF16),
    Q4_0(2, DType.Q4_0),
    Q4_1(3, DType.Q4_1),
    Q5_0(8, DType.Q5_0),
    Q5_1(9, DType.Q5_1),
    Q8_0(7, DType.Q8_0),
    Q2_K(10, DType.Q2_K),
    Q2_K_S(21, DType.Q2_K),
    Q3_K_S(11, DType.Q3_K),
    Q3_K_M(12, DType.Q3_K),
    Q3_K_L(13, DType.Q3_K),
    Q4_K_S(14, DType.Q4_K),
    Q4_K_M(15, DType.Q4_K),
    Q5_K_S(16, DType.Q5_K),
    Q5_K_M(17, DType.Q5_K),
    Q6_K(18, DType.Q6_K),
    IQ4_NL(25, DType.IQ4_NL),
    IQ4_XS(30, DType.IQ4_XS);

    private final int code;
    private final DType defaultType;

    FileType(int code, DType defaultType) {
        this.code = code;
        this.defaultType = defaultType;
    }

    /** The code of {@code general.file_type}. */
    public int code() {
        return code;
    }

    /** The type with this code, if it is one of these. */
    public static Optional<FileType> ofCode(long code) {
        return Arrays.stream(values()).filter(type -> type.code == code).findFirst();
    }

    /** The type of every tensor that no rule names. */
    public DType defaultType() {
        return defaultType;
    }

    /** Whether there is a type of that name, in whatever case. */
    public static boolean isName(String name) {
        return find(name).isPresent();
    }

    /**
     * The type of this name, as people type it: without regard to case, with {@code q4_K}, {@code
     * q5_K} and {@code q3_K} for their {@code _M}, and {@code int8} for {@code q8_0}.
     *
     * @throws UsageException where there is none
     */
    public static FileType named(String name) {
        return find(name)
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "no quantization type `" + name + "`",
                                        "Types: " + names() + "."));
    }

    private static Optional<FileType> find(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        return switch (upper) {
            case "INT8" -> Optional.of(Q8_0);
            case "Q3_K" -> Optional.of(Q3_K_M);
            case "Q4_K" -> Optional.of(Q4_K_M);
            case "Q5_K" -> Optional.of(Q5_K_M);
            default ->
                    Arrays.stream(values()).filter(type -> type.name().equals(upper)).findFirst();
        };
    }

    /** As users of Ollama and llama.cpp write it: {@code q4_K_M}, {@code q8_0}, {@code bf16}. */
    public String display() {
        return switch (this) {
            case F32, F16, BF16, IQ4_NL, IQ4_XS -> name().toLowerCase(Locale.ROOT);
            default -> name().replaceFirst("^Q", "q");
        };
    }

    /** All names, for messages. */
    public static String names() {
        return Arrays.stream(values()).map(FileType::display).collect(Collectors.joining(", "));
    }
}
