package tk.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.SentencePieceTokenizer;
import tk.tokenizer.Tokenizer;
import tk.tokenizer.Tokenizer.Specials;
import tk.tokenizer.TokenizerJson;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Encoding a text line by line, as a corpus is read: {@code EncodingSpeed
 * TOKENIZER.MODEL|TOKENIZER.JSON|GGUF TEXT [MIB [ROUNDS]]}. For a {@code tokenizer.model} tk's
 * encoder beside the sentencepiece library itself. Prints megabytes a second of CPU time, which
 * other work on the machine does not change; the last round counts.
 */
final class EncodingSpeed {
    private EncodingSpeed() {}

    public static void main(String[] args) throws IOException {
        String unit = Files.readString(Path.of(args[1]));
        int size = (args.length > 2 ? Integer.parseInt(args[2]) : 10) << 20;
        int rounds = args.length > 3 ? Integer.parseInt(args[3]) : 3;
        StringBuilder text = new StringBuilder();
        while (text.length() < size) text.append(unit);
        List<String> lines = text.toString().lines().toList();
        Map<String, Tokenizer> tokenizers = open(Path.of(args[0]));
        long bytes = lines.stream().mapToLong(line -> line.getBytes(UTF_8).length + 1L).sum();
        for (Map.Entry<String, Tokenizer> tokenizer : tokenizers.entrySet()) {
            for (int round = 0; round < rounds; round++) {
                measure(tokenizer, lines, bytes);
            }
        }
    }

    private static Map<String, Tokenizer> open(Path file) throws IOException {
        Map<String, Tokenizer> tokenizers = new LinkedHashMap<>();
        byte[] head = new byte[16];
        try (var in = Files.newInputStream(file)) {
            int read = in.readNBytes(head, 0, head.length);
            if (read < head.length) throw new IllegalArgumentException(file + " is too short");
        }
        if (head[0] == '{') {
            tokenizers.put("tokenizer.json", TokenizerJson.read(file));
        } else if (head[0] == 'G' && head[1] == 'G') {
            try (GgufFile gguf = new GgufReader().open(file)) {
                tokenizers.put("GGUF", GgufTokenizer.of(gguf.gguf()));
            }
        } else {
            SentencePieceTokenizer library = SentencePieceTokenizer.read(file);
            if (library.isNative()) tokenizers.put("sentencepiece", library);
            tokenizers.put("tk", SentencePieceTokenizer.of(SentencePieceModel.read(file)));
        }
        return tokenizers;
    }

    private static void measure(
            Map.Entry<String, Tokenizer> tokenizer, List<String> texts, long bytes) {
        List<Integer> counts = new ArrayList<>();
        long cpu = cpuNanos();
        for (String text : texts) {
            counts.add(tokenizer.getValue().encode(text, Specials.AS_TEXT).length);
        }
        double busy = (cpuNanos() - cpu) * 1e-9;
        System.out.printf(
                Locale.ROOT,
                "%-14s %.2f MB/CPU-s, %d tokens%n",
                tokenizer.getKey(),
                bytes / busy * 1e-6,
                counts.stream().mapToLong(Integer::longValue).sum());
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
