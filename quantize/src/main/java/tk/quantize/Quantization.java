package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What llama-quantize makes of a GGUF model: the same metadata, the same order, the same types, the
 * same bytes.
 *
 * <p>Source: llama.cpp's {@code llama-quant.cpp}, as written down and byte-checked in the project's
 * quantization notes.
 *
 * @param metadata of the quantized file
 * @param weights lazily quantized, in the order of the quantized file; closing them closes the
 *     input's
 * @param assignments what became of each tensor, in the same order
 */
public record Quantization(
        GgufMetadata metadata, Checkpoint weights, List<Assignment> assignments) {
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,9})\\..*");

    /** What llama.cpp wants as it is: small, or looked up by position. */
    private static final Pattern KEPT =
            Pattern.compile(
                    "_norm\\.weight|ffn_gate_inp\\.weight|^(position_embd|token_types)\\.weight$"
                            + "|altup|laurel|per_layer_model_proj|ssm_conv1d|shortconv\\.conv\\.weight"
                            + "|time_mix_(first|[wva][0-2]|g[12]|decay_w[12]|lerp_fused)\\.weight"
                            + "|attn_rel_b\\.weight|\\.position_embd|\\.patch_embd");

    /** Copies the list. */
    public Quantization {
        assignments = List.copyOf(assignments);
    }

    /**
     * What becomes of one tensor.
     *
     * @param info name, present type and shape
     * @param to the type it gets
     * @param wanted the type it would have got if its rows had the right length
     */
    public record Assignment(TensorInfo info, DType to, DType wanted) {
        /** Whether another type had to stand in. */
        public boolean fallback() {
            return to != wanted;
        }

        /** Bytes it takes in the quantized file. */
        public long bytes() {
            return to.byteSize(info.shape());
        }
    }

    /** Bits per weight over all tensors. */
    public double bitsPerWeight() {
        long bytes = 0;
        long elements = 0;
        for (Assignment assignment : assignments) {
            bytes += assignment.bytes();
            elements += assignment.info().shape().elements();
        }
        return elements == 0 ? 0 : 8.0 * bytes / elements;
    }

    /**
     * Says, before a model is opened, that about so many of its values will be quantized: what most
     * of them need is compiled meanwhile.
     *
     * @param weighted whether there is an importance matrix
     */
    public static void announce(FileType type, boolean weighted, long values) {
        BlockCodecs.expect(type.defaultType(), weighted, values);
    }

    /**
     * Plans the quantization of a GGUF model; nothing is read but names, types and shapes.
     *
     * @param metadata of the input
     * @param weights of the input, under GGUF names
     * @throws UnsupportedException where a tensor is quantized already and that was not allowed, or
     *     a fallback would be needed and was forbidden
     */
    public static Quantization of(
            GgufMetadata metadata, Checkpoint weights, QuantizeOptions options) {
        List<Tensor> ordered = new ArrayList<>();
        for (Tensor tensor : weights.tensors().values()) ordered.add(TrimmedTensor.of(tensor));
        ordered.sort(
                Comparator.comparingInt((Tensor t) -> layer(t.info().name()))
                        .thenComparing(t -> t.info().name(), Quantization::compareBytes));
        Mixture mixture = new Mixture(options, counts(metadata, ordered));
        List<Assignment> assignments = new ArrayList<>();
        List<Tensor> quantized = new ArrayList<>();
        Workload workload = new Workload();
        for (Tensor tensor : ordered) {
            Assignment assignment = assign(tensor.info(), mixture, options);
            assignments.add(assignment);
            quantized.add(quantized(tensor, assignment, options, workload));
        }
        return new Quantization(
                quantizedMetadata(metadata, options),
                TensorMap.replacing(weights, quantized),
                assignments);
    }

    /** A model that stays as it is: its own order, its own types, its own metadata. */
    public static Quantization none(GgufMetadata metadata, Checkpoint weights) {
        List<Assignment> assignments = new ArrayList<>();
        for (Tensor tensor : weights.tensors().values()) {
            TensorInfo info = tensor.info();
            assignments.add(new Assignment(info, info.dtype(), info.dtype()));
        }
        return new Quantization(metadata, weights, assignments);
    }

    private static Assignment assign(TensorInfo info, Mixture mixture, QuantizeOptions options) {
        if (!isQuantizable(info, options)) return new Assignment(info, info.dtype(), info.dtype());
        long columns = info.shape().columns();
        DType wanted = mixture.wanted(info.name(), columns);
        Optional<DType> fallback = Mixture.fallback(wanted, columns);
        if (fallback.isPresent() && options.noFallback()) {
            throw new UnsupportedException(
                    "tensor `%s`: rows of %d values cannot be %s (blocks of %d); %s would stand in"
                            .formatted(
                                    info.name(),
                                    columns,
                                    wanted,
                                    wanted.blockSize(),
                                    fallback.get()),
                    "Leave out --no-fallback, or choose a type with smaller blocks, such as q8_0.");
        }
        DType to = fallback.orElse(wanted);
        if (to != info.dtype()) FloatRows.requireReadable(info);
        if (to != info.dtype() && info.dtype().isBlock() && !options.allowRequantize()) {
            throw new UnsupportedException(
                    "tensor `%s` is %s already; quantizing it again to %s loses twice"
                            .formatted(info.name(), info.dtype(), to),
                    "Start from the F32, F16 or BF16 model, or add --allow-requantize.");
        }
        return new Assignment(info, to, wanted);
    }

    /**
     * Vectors, norms, routers, tables of positions and other families' small tensors keep their
     * type and bytes.
     */
    private static boolean isQuantizable(TensorInfo info, QuantizeOptions options) {
        String name = info.name();
        if (info.shape().rank() < 2 || !name.endsWith("weight")) return false;
        if (KEPT.matcher(name).find()) return false;
        if (name.equals("output.weight") && options.leaveOutputTensor()) return false;
        return info.dtype().isFloat() || info.dtype().isBlock();
    }

    private static Tensor quantized(
            Tensor tensor, Assignment assignment, QuantizeOptions options, Workload workload) {
        if (assignment.to() == tensor.info().dtype()) return tensor;
        ImportanceMatrix.@Nullable Entry entry =
                options.imatrix().map(m -> m.entries().get(tensor.info().name())).orElse(null);
        if (entry == null) requireNone(tensor.info().name(), assignment.to(), options);
        float @Nullable [][] importance = entry == null ? null : importance(tensor.info(), entry);
        return new QuantizedTensor(
                tensor.info().withDType(assignment.to()), tensor, importance, workload);
    }

    /** The smallest mixture is of no use without importance. */
    private static void requireNone(String name, DType to, QuantizeOptions options) {
        boolean needed = options.fileType() == FileType.Q2_K_S && to == DType.Q2_K;
        if (!needed || Mixture.isEmbedding(name) || name.equals("output.weight")) return;
        if (options.imatrix().isEmpty()) {
            throw new UnsupportedException(
                    "q2_K_S needs an importance matrix: without one its loss is too large",
                    "Give one with --imatrix, or choose q2_K.");
        }
        throw new UnsupportedException(
                "tensor `%s`: the importance matrix has no weights of it, which q2_K_S needs"
                        .formatted(name),
                "Make a matrix of the whole model with tk imatrix, or choose q2_K.");
    }

    private static float @Nullable [][] importance(TensorInfo info, ImportanceMatrix.Entry entry) {
        long columns = info.shape().columns();
        long experts = info.shape().rank() == 3 ? info.shape().dim(0) : 1;
        float[][] weights = entry.weights();
        boolean fits = weights.length == experts;
        for (float[] list : weights) fits &= list.length == columns;
        if (fits) return weights;
        if (Mixture.isEmbedding(info.name())) return null;
        throw new MalformedException(
                "imatrix: `%s` has %d × %d weights, expected %d × %d"
                        .formatted(
                                info.name(),
                                weights.length,
                                weights.length == 0 ? 0 : weights[0].length,
                                experts,
                                columns),
                "The importance matrix was made for another model.");
    }

    private static Mixture.Counts counts(GgufMetadata metadata, List<Tensor> tensors) {
        String architecture = metadata.string("general.architecture").orElse("llama");
        int attentionV = 0;
        boolean tied = true;
        for (Tensor tensor : tensors) {
            String name = tensor.info().name();
            if (Mixture.givesValues(name)) attentionV++;
            if (name.equals("output.weight")) tied = false;
        }
        int layers = count(metadata, architecture + ".block_count", attentionV);
        int heads = count(metadata, architecture + ".attention.head_count", 0);
        int kvHeads = count(metadata, architecture + ".attention.head_count_kv", heads);
        return new Mixture.Counts(
                layers,
                attentionV,
                kvHeads == 0 ? 1 : heads / kvHeads,
                layers == 80 && isSeventyB(architecture, heads, kvHeads),
                count(metadata, architecture + ".expert_count", 0),
                tied);
    }

    /** Which families llama.cpp calls 70B where they have 80 layers. */
    private static boolean isSeventyB(String architecture, int heads, int kvHeads) {
        return switch (architecture) {
            case "llama" -> heads != kvHeads;
            case "qwen2", "deci" -> true;
            default -> false;
        };
    }

    /** A count, of the first layer where each has its own. */
    private static int count(GgufMetadata metadata, String key, int otherwise) {
        long value =
                metadata.integers(key)
                        .filter(each -> each.length > 0)
                        .map(each -> each[0])
                        .orElseGet(() -> metadata.integer(key).orElse(otherwise));
        if (value < 0 || value > 1 << 20) {
            throw new MalformedException(
                    "metadata `%s`: %d, expected a count".formatted(key, value));
        }
        return (int) value;
    }

    private static GgufMetadata quantizedMetadata(GgufMetadata metadata, QuantizeOptions options) {
        GgufMetadata.Builder builder = metadata.toBuilder();
        for (String key : metadata.values().keySet()) {
            if (key.startsWith("split.")) builder.remove(key);
        }
        builder.remove("general.quantization_version").remove("general.file_type");
        builder.put("general.quantization_version", GgufValue.u32(2));
        builder.put("general.file_type", GgufValue.u32(options.fileType().code()));
        options.imatrix()
                .ifPresent(
                        matrix -> {
                            builder.put("quantize.imatrix.file", GgufValue.text(matrix.file()));
                            matrix.dataset()
                                    .ifPresent(
                                            name ->
                                                    builder.put(
                                                            "quantize.imatrix.dataset",
                                                            GgufValue.text(name)));
                            builder.put(
                                    "quantize.imatrix.entries_count",
                                    GgufValue.u32(matrix.entries().size()));
                            if (matrix.chunks() > 0) {
                                builder.put(
                                        "quantize.imatrix.chunks_count",
                                        GgufValue.u32(matrix.chunks()));
                            }
                        });
        return builder.build();
    }

    /** The order of the file: tensors of no layer first, then layer by layer; by name within. */
    static int layer(String name) {
        Matcher matcher = LAYER.matcher(name);
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    private static int compareBytes(String a, String b) {
        return java.util.Arrays.compareUnsigned(
                a.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                b.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** The assignments by tensor name. */
    public Map<String, Assignment> byName() {
        Map<String, Assignment> map = new java.util.LinkedHashMap<>();
        for (Assignment assignment : assignments) map.put(assignment.info().name(), assignment);
        return map;
    }
}
