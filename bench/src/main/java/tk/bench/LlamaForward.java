package tk.bench;

import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** llama.cpp's, by llama-bench's own clock: a process a measurement, one repetition each. */
record LlamaForward(Path bin, Path gguf, int prompt, int threads) implements ForwardSpeed.Side {
    @Override
    public String name() {
        return "llama.cpp";
    }

    @Override
    public double prefill() {
        return run(prompt, 0);
    }

    @Override
    public double decode() {
        return run(0, ForwardSpeed.DECODED);
    }

    private double run(int prefilled, int decoded) {
        try {
            Process process =
                    new ProcessBuilder(
                                    List.of(
                                            bin.resolve("llama-bench").toString(),
                                            "-m",
                                            gguf.toString(),
                                            "-p",
                                            "" + prefilled,
                                            "-n",
                                            "" + decoded,
                                            "-t",
                                            "" + threads,
                                            "-r",
                                            "1",
                                            "-o",
                                            "json"))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            byte[] out = process.getInputStream().readAllBytes();
            JsonArray rows = (JsonArray) Json.parse(out, "llama-bench");
            JsonObject row = (JsonObject) rows.items().getFirst();
            return row.number("avg_ns").orElseThrow().asDouble() * 1e-9;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {}
}
