package tk.modelfile.store;

import tk.gguf.GgufFile;
import tk.json.JsonValue;
import tk.modelfile.Modelfile;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.Other;
import tk.modelfile.Modelfile.Requires;
import tk.tensor.Tensor;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The configuration blob: what Ollama shows of a model without opening it. */
final class ImageConfig {
    private ImageConfig() {}

    /** As Ollama writes it for such a GGUF and Modelfile, byte for byte. */
    static byte[] bytes(GgufFile gguf, Modelfile modelfile) {
        String family = family(gguf);
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("model_format", "gguf");
        members.put("model_family", family);
        members.put("model_families", List.of(family));
        members.put("model_type", humanNumber(parameters(gguf)));
        members.put("file_type", fileType(gguf.gguf().integer("general.file_type").orElse(0)));
        for (String keyword : List.of("RENDERER", "PARSER")) {
            for (Instruction instruction : modelfile.instructions()) {
                if (instruction instanceof Other(String found, String value)
                        && found.equals(keyword)) {
                    members.put(keyword.equals("PARSER") ? "parser" : "renderer", value);
                }
            }
        }
        for (Instruction instruction : modelfile.instructions()) {
            if (instruction instanceof Requires(String version)) {
                members.put("requires", version.startsWith("v") ? version.substring(1) : version);
            }
        }
        members.put("architecture", "amd64");
        members.put("os", "linux");
        return GoJson.bytes(JsonValue.of(members));
    }

    static String family(GgufFile gguf) {
        return gguf.gguf().string("general.architecture").orElse("unknown");
    }

    /** The elements of all tensors; what the metadata says of them is not asked. */
    static long parameters(GgufFile gguf) {
        long sum = 0;
        for (Tensor tensor : gguf.tensors().values()) {
            sum = Math.addExact(sum, tensor.info().shape().elements());
        }
        return sum;
    }

    /** {@code 134.11M}, {@code 6.7B}; whole numbers without decimals. */
    static String humanNumber(long n) {
        if (n >= 1_000_000_000) return scaled(n, 1e9, 1) + "B";
        if (n >= 1_000_000) return scaled(n, 1e6, 2) + "M";
        if (n >= 1_000) return rounded(n / 1e3, 0) + "K";
        return Long.toString(n);
    }

    private static String scaled(long n, double unit, int decimals) {
        double value = n / unit;
        return rounded(value, value == Math.floor(value) ? 0 : decimals);
    }

    /** As Go prints: the exact binary value, halves to even. */
    private static String rounded(double value, int decimals) {
        return new BigDecimal(value).setScale(decimals, RoundingMode.HALF_EVEN).toPlainString();
    }

    /** Ollama's name for {@code general.file_type}; it knows fewer than llama.cpp. */
    static String fileType(long code) {
        return switch (Math.clamp(code, -1, 1000)) {
            case 0 -> "F32";
            case 1 -> "F16";
            case 2 -> "Q4_0";
            case 3 -> "Q4_1";
            case 4, 38 -> "MXFP4";
            case 7 -> "Q8_0";
            case 8 -> "Q5_0";
            case 9 -> "Q5_1";
            case 10 -> "Q2_K";
            case 11 -> "Q3_K_S";
            case 12 -> "Q3_K_M";
            case 13 -> "Q3_K_L";
            case 14 -> "Q4_K_S";
            case 15 -> "Q4_K_M";
            case 16 -> "Q5_K_S";
            case 17 -> "Q5_K_M";
            case 18 -> "Q6_K";
            case 21 -> "Q2_K_S";
            case 32 -> "BF16";
            default -> "unknown";
        };
    }
}
