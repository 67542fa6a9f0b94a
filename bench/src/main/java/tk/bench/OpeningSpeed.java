package tk.bench;

import tk.checkpoint.Checkpoint;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.safetensors.SafetensorsReader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/**
 * How long it takes to open a checkpoint of a 70B model's shape: {@code OpeningSpeed FOLDER}. Its
 * 723 tensors lie in 30 shards that have headers of the true sizes and holes for values, so that
 * the file system must know sparse files. Then the same for one file of 16 and of 16,000 tensors.
 */
final class OpeningSpeed {
    private static final int LAYERS = 80;
    private static final int SHARDS = 30;
    private static final long HIDDEN = 8192;
    private static final long KEYS = 1024;
    private static final long FEED_FORWARD = 28672;
    private static final long VOCABULARY = 128256;
    private static final int ROUNDS = 5;

    private OpeningSpeed() {}

    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory(Path.of(args[0]), "tk-open");
        try {
            open("70B, an index and 30 shards, first of the JVM", seventyBillion(folder), 1);
            open("70B, an index and 30 shards", folder, ROUNDS);
            for (int tensors : new int[] {16, 16_000}) {
                Path file = folder.resolve(tensors + ".safetensors");
                SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
                for (int i = 0; i < tensors; i++) shapes.put("layers." + i + ".weight", one());
                shard(file, shapes);
                open(tensors + " tensors in a file", file, ROUNDS);
            }
        } finally {
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) Files.delete(file);
            }
            Files.delete(folder);
        }
    }

    private static long[] one() {
        return new long[] {64, 64};
    }

    private static void open(String name, Path path, int rounds) {
        double fastest = Double.MAX_VALUE;
        double processor = Double.MAX_VALUE;
        int tensors = 0;
        for (int i = 0; i < rounds; i++) {
            double before = processorMillis();
            long start = System.nanoTime();
            try (Checkpoint checkpoint = new SafetensorsReader().open(path)) {
                tensors = checkpoint.tensors().size();
            }
            fastest = Math.min(fastest, (System.nanoTime() - start) * 1e-6);
            processor = Math.min(processor, processorMillis() - before);
        }
        System.out.printf(
                Locale.ROOT,
                "%-48s %6d tensors opened in %.0f ms, processor %.0f ms%n",
                name,
                tensors,
                fastest,
                processor);
    }

    /** Of the whole process: the compiler's work counts where it is the first time. */
    private static double processorMillis() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .map(duration -> duration.toNanos() * 1e-6)
                .orElse(0.0);
    }

    private static Path seventyBillion(Path folder) throws IOException {
        SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {VOCABULARY, HIDDEN});
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            shapes.put(layer + "self_attn.q_proj.weight", new long[] {HIDDEN, HIDDEN});
            shapes.put(layer + "self_attn.k_proj.weight", new long[] {KEYS, HIDDEN});
            shapes.put(layer + "self_attn.v_proj.weight", new long[] {KEYS, HIDDEN});
            shapes.put(layer + "self_attn.o_proj.weight", new long[] {HIDDEN, HIDDEN});
            shapes.put(layer + "mlp.gate_proj.weight", new long[] {FEED_FORWARD, HIDDEN});
            shapes.put(layer + "mlp.up_proj.weight", new long[] {FEED_FORWARD, HIDDEN});
            shapes.put(layer + "mlp.down_proj.weight", new long[] {HIDDEN, FEED_FORWARD});
            shapes.put(layer + "input_layernorm.weight", new long[] {HIDDEN});
            shapes.put(layer + "post_attention_layernorm.weight", new long[] {HIDDEN});
        }
        shapes.put("model.norm.weight", new long[] {HIDDEN});
        shapes.put("lm_head.weight", new long[] {VOCABULARY, HIDDEN});
        List<Map.Entry<String, long[]>> all = new ArrayList<>(shapes.entrySet());
        SequencedMap<String, JsonValue> weightMap = new LinkedHashMap<>();
        for (int s = 0; s < SHARDS; s++) {
            String name = "model-%05d-of-%05d.safetensors".formatted(s + 1, SHARDS);
            SequencedMap<String, long[]> part = new LinkedHashMap<>();
            for (var tensor : all.subList(all.size() * s / SHARDS, all.size() * (s + 1) / SHARDS)) {
                part.put(tensor.getKey(), tensor.getValue());
                weightMap.put(tensor.getKey(), JsonValue.of(name));
            }
            shard(folder.resolve(name), part);
        }
        JsonObject index =
                new JsonObject(
                        new LinkedHashMap<>(Map.of("weight_map", new JsonObject(weightMap))));
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), JsonText.PRETTY.write(index));
        return folder;
    }

    /** A file of BF16 tensors whose values are a hole. */
    private static void shard(Path file, Map<String, long[]> shapes) throws IOException {
        StringBuilder header = new StringBuilder("{");
        long offset = 0;
        for (var tensor : shapes.entrySet()) {
            long bytes = 2;
            StringBuilder shape = new StringBuilder();
            for (long extent : tensor.getValue()) {
                bytes *= extent;
                shape.append(shape.isEmpty() ? "" : ",").append(extent);
            }
            header.append(header.length() == 1 ? "" : ",")
                    .append('"')
                    .append(tensor.getKey())
                    .append("\":{\"dtype\":\"BF16\",\"shape\":[")
                    .append(shape)
                    .append("],\"data_offsets\":[")
                    .append(offset)
                    .append(',')
                    .append(offset + bytes)
                    .append("]}");
            offset += bytes;
        }
        byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(json.length).put(json).flip();
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long end = head.remaining() + offset;
            channel.write(head);
            channel.write(ByteBuffer.wrap(new byte[1]), end - 1);
        }
    }
}
