package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.cli.CommandLineTest.Run;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.safetensors.SafetensorsReader;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.Tensor;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** Adapters on the command line: merged, proven, packaged, or refused with nothing written. */
class LoraCommandTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void mergesIntoAFolderAndProvesWhatItWrote() {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path merged = folder.resolve("merged");
        Run run = tk("merge-lora", PT, adapter, merged, "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        JsonObject lora = run.json().object("lora").orElseThrow();
        assertThat(lora.bool("pass")).contains(true);
        assertThat(lora.array("modules").orElseThrow().items()).hasSize(12);
        JsonObject logits = lora.object("logits").orElseThrow();
        assertThat(logits.bool("pass")).contains(true);
        assertThat(figure(logits, "unmergedToMerged", "nmse")).isLessThan(1e-6);
        assertThat(figure(logits, "baseToMerged", "nmse")).isGreaterThan(1e-4);
        assertThat(logits.array("shown").orElseThrow().items()).hasSize(4);
        assertThat(merged.resolve("tokenizer.model")).exists();
        Run same = tk("quantize", merged, folder.resolve("a.gguf"), "q4_K_M");
        assertThat(same.exit()).as(same.err()).isZero();
        Run quantized =
                tk("quantize", PT, folder.resolve("b.gguf"), "q4_K_M", "--adapter", adapter);
        assertThat(quantized.err()).contains("lacks byte pieces").contains("tk package gives");
        Run differing = tk("merge-lora", PT, adapter, "-t", "q4_K_M", folder.resolve("c.gguf"));
        assertThat(differing.exit()).as(differing.err()).isZero();
        assertThat(differing.err()).contains("lacks byte pieces").contains("tk package gives");
        assertThat(folder.resolve("b.gguf")).hasSameBinaryContentAs(folder.resolve("c.gguf"));
    }

    /** One way or the other, it is the same file: the folder's name is in it, too. */
    @Test
    void convertsWithAnAdapterToWhatTheMergedFolderIsConvertedTo() {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path base = folder.resolve("one/model");
        Path merged = folder.resolve("two/model");
        assertThat(tk("convert", PT, base).exit()).isZero();
        assertThat(tk("merge-lora", base, adapter, merged).exit()).isZero();
        Path direct = folder.resolve("direct.gguf");
        Path detour = folder.resolve("detour.gguf");
        Run run = tk("convert", base, "--adapter", adapter, direct);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(tk("convert", merged, detour).exit()).isZero();
        assertThat(direct).hasSameBinaryContentAs(detour);
    }

    /** {@code resize_token_embeddings} makes vocabularies smaller, too. */
    @Test
    void anAdapterMayHoldASmallerVocabulary() throws IOException {
        Path base = Files.createDirectory(folder.resolve("base")); // without its tokenizer
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(Shared.path("fixtures/lora/base_untied").resolve(name), base.resolve(name));
        }
        Random random = new Random(1);
        Path adapter =
                new ExampleAdapter(64)
                        .without("lora_A.weight")
                        .without("lora_B.weight")
                        .with("target_modules", List.of())
                        .with(
                                ExampleAdapter.random(
                                        "base_model.model.model.embed_tokens.weight",
                                        random,
                                        500,
                                        64))
                        .with(
                                ExampleAdapter.random(
                                        "base_model.model.lm_head.weight", random, 500, 64))
                        .in(folder.resolve("adapter"));
        Path merged = folder.resolve("merged");
        Run run = tk("merge-lora", base, adapter, merged);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.err()).contains("the vocabulary has 500 tokens, 512 before the merge");
        assertThat(run.err()).contains("no tokenizer beside it");
        assertThat(Json.readObject(merged.resolve("config.json")).number("vocab_size"))
                .hasValueSatisfying(n -> assertThat(n.asLong()).contains(500L));
    }

    @Test
    void asksForThePathsThatAreNotThere() {
        for (List<Object> command :
                List.of(
                        List.<Object>of("merge-lora", PT, folder.resolve("one")),
                        List.<Object>of("merge-lora", PT, "-o", folder.resolve("one")))) {
            Run run = tk(command.toArray());
            assertThat(run.exit()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains("BASE, ADAPTER and OUTPUT are needed");
        }
    }

    @Test
    void asksWhetherABaseOfAnotherNameIsTheAdapters() throws IOException {
        Path cached = folder.resolve("models--org--Turkish-Mini/snapshots/0a1b");
        Path named = folder.resolve("turkish-mini");
        Path other = folder.resolve("another");
        for (Path base : List.of(cached, named, other)) {
            Files.createDirectories(base);
            Files.copy(PT, base.resolve("model.pt"));
        }
        Path adapter =
                new ExampleAdapter()
                        .with("base_model_name_or_path", "org/Turkish-Mini")
                        .in(folder.resolve("adapter"));
        for (Path base : List.of(cached, named, other)) {
            Run run =
                    tk(
                            "merge-lora",
                            "--dry-run",
                            "--config",
                            EXAMPLE.resolve("config.json"),
                            base.resolve("model.pt"),
                            adapter,
                            folder.resolve("merged"));
            assertThat(run.exit()).as(run.err()).isZero();
            assertThat(run.err().contains("the adapter was trained on `org/Turkish-Mini`"))
                    .as(run.err())
                    .isEqualTo(base == other);
        }
    }

    private static double figure(JsonObject logits, String pair, String name) {
        return logits.object(pair).flatMap(p -> p.number(name)).orElseThrow().asDouble();
    }

    @Test
    void printsTheThreeModelsLogitsSideBySide() {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Run run = tk("merge-lora", PT, adapter, folder.resolve("merged"));
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("24 tensors, each used once")
                .contains("logits of 4 positions: merged and unmerged differ by")
                .containsPattern("base +unmerged +merged\n  .+ -?\\d+\\.\\d{4} +-?\\d+\\.\\d{4}");
    }

    @Test
    void packagesAModelWithAnAdapterVerifiedAgainstTheMergedModel() throws IOException {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path out = folder.resolve("package");
        Run run =
                tk(
                        "package",
                        PT,
                        "--adapter",
                        adapter,
                        "--byte-fallback",
                        "none",
                        "-o",
                        out,
                        "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        JsonObject report = Json.readObject(out.resolve("report.json"));
        assertThat(report.bool("pass")).contains(true);
        assertThat(report.object("lora").flatMap(l -> l.bool("pass"))).contains(true);
        JsonObject logits = report.object("lora").flatMap(l -> l.object("logits")).orElseThrow();
        assertThat(figure(logits, "unmergedToMerged", "nmse")).isLessThan(1e-6);
        assertThat(Files.readString(out.resolve("report.html")))
                .contains("Merged adapters", "to base");
        assertThat(out.resolve("Modelfile")).exists();
        Path gguf = Path.of(run.json().object("gguf").orElseThrow().string("path").orElseThrow());
        Run against = tk("verify", PT, gguf);
        assertThat(against.exit()).as("the base is another model").isEqualTo(6);
    }

    @Test
    void packagesTheTurkishModelWithItsTrainedAdapter() {
        Path minitr = Shared.path("fixtures/minitr");
        Path out = folder.resolve("package");
        Run run =
                tk(
                        "package",
                        minitr.resolve("turkish_llm_mini.pt"),
                        "--adapter",
                        minitr.resolve("lora_r8_qv"),
                        "-t",
                        "q5_K_M",
                        "-o",
                        out);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(out.resolve("Modelfile")).exists();
    }

    @Test
    void refusesWhatIsBrokenAndWritesNothing() throws IOException {
        Path missing =
                new ExampleAdapter()
                        .without("5.self_attn.v_proj.lora_B.weight")
                        .in(folder.resolve("missing"));
        Path extra =
                new ExampleAdapter()
                        .with(
                                ExampleAdapter.random(
                                        "base_model.model.model.norm.scale.up", new Random(1), 4))
                        .in(folder.resolve("extra"));
        Path rank = new ExampleAdapter().with("r", 8).in(folder.resolve("rank"));
        Path kind = new ExampleAdapter().with("peft_type", "IA3").in(folder.resolve("kind"));
        Path bare = new ExampleAdapter().in(folder.resolve("bare"));
        Files.delete(bare.resolve("adapter_model.safetensors"));
        Path empty = new ExampleAdapter().without("weight").in(folder.resolve("empty"));
        Path truncated = new ExampleAdapter().in(folder.resolve("truncated"));
        Path file = truncated.resolve("adapter_model.safetensors");
        Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), 9000));
        Path hostile = new ExampleAdapter().in(folder.resolve("hostile"));
        Files.delete(hostile.resolve("adapter_model.safetensors"));
        Files.write(hostile.resolve("adapter_model.bin"), hostilePickle());
        String q0 = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
        Path nan =
                new ExampleAdapter()
                        .without("layers.0.self_attn.q_proj.lora_A.weight")
                        .with(ExampleAdapter.filled(q0, Float.NaN, 4, 256))
                        .in(folder.resolve("nan"));
        Path wider = new ExampleAdapter(512).in(folder.resolve("wider"));
        List<String> before = left();
        refused(3, missing, "lora_B");
        refused(3, extra, "1 of 25 tensors");
        refused(3, rank, "r is 8");
        refused(5, kind, "IA3");
        refused(3, bare, "no adapter_model");
        refused(3, empty, "no tensors");
        refused(3, truncated, "adapter_model.safetensors");
        refused(3, nan, "expected a finite number");
        refused(3, wider, "Is this the base it was trained on");
        refused(4, hostile, "adapter_model.bin");
        refused(3, EXAMPLE, "no adapter_config.json");
        refused(7, folder.resolve("nowhere"), "no such");
        assertThat(left()).isEqualTo(before);
    }

    private void refused(int exit, Path adapter, String words) {
        Path target = folder.resolve("out");
        for (List<Object> command :
                List.of(
                        List.<Object>of("merge-lora", PT, adapter, target),
                        List.<Object>of("merge-lora", PT, adapter, target, "--dry-run"),
                        List.<Object>of("package", PT, "--adapter", adapter, "-o", target))) {
            Run run = tk(command.toArray());
            assertThat(run.err()).contains(words);
            assertThat(run.exit()).as(run.err()).isEqualTo(exit);
            assertThat(target).doesNotExist();
        }
    }

    /** A legacy-free pickle that calls {@code os.system}: {@code cos\nsystem\n(S'id'\ntR.}. */
    private static byte[] hostilePickle() throws IOException {
        var bytes = new java.io.ByteArrayOutputStream();
        try (var zip = new java.util.zip.ZipOutputStream(bytes)) {
            zip.setMethod(java.util.zip.ZipOutputStream.STORED);
            byte[] pickle =
                    "cos\nsystem\n(S'id'\ntR.".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            var entry = new java.util.zip.ZipEntry("archive/data.pkl");
            var crc = new java.util.zip.CRC32();
            crc.update(pickle);
            entry.setCrc(crc.getValue());
            entry.setSize(pickle.length);
            zip.putNextEntry(entry);
            zip.write(pickle);
            zip.closeEntry();
        }
        return bytes.toByteArray();
    }

    @Test
    void mergesIntoAGgufAndIntoAQuantizedOneOnRequest() {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path f16 = folder.resolve("f16.gguf");
        Path q8 = folder.resolve("q8.gguf");
        assertThat(tk("convert", "--dtype", "f16", "--byte-fallback", "none", PT, f16).exit())
                .isZero();
        assertThat(tk("quantize", f16, q8, "q8_0").exit()).isZero();
        Path fromPt = folder.resolve("pt");
        Path fromGguf = folder.resolve("gguf");
        assertThat(tk("merge-lora", PT, adapter, fromPt).exit()).isZero();
        Run run = tk("merge-lora", f16, adapter, fromGguf, "--dtype", "f16");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(fromGguf.resolve("model.safetensors"))
                .hasSameBinaryContentAs(fromPt.resolve("model.safetensors"));
        assertThat(fromGguf.resolve("tokenizer.model")).exists();
        Run refused = tk("merge-lora", q8, adapter, folder.resolve("out"));
        assertThat(refused.exit()).isEqualTo(5);
        assertThat(refused.err()).contains("Q8_0", "--dequantize");
        Run done =
                tk(
                        "merge-lora",
                        q8,
                        adapter,
                        "--dequantize",
                        "-t",
                        "q8_0",
                        "-o",
                        folder.resolve("o.gguf"));
        assertThat(done.exit()).as(done.err()).isZero();
    }

    @Test
    void explainsABaseThatBitsandbytesPacked() throws IOException {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path base = folder.resolve("base");
        assertThat(tk("convert", PT, base).exit()).isZero();
        Path config = base.resolve("config.json");
        String plain = Files.readString(config);
        Files.writeString(
                config,
                plain.replaceFirst(
                        "\\{",
                        "{\"quantization_config\": {\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true},"));
        refusedBase(base, adapter, "quantized with bitsandbytes");
        Files.writeString(config, plain);
        Path weights = base.resolve("model.safetensors");
        try (Checkpoint checkpoint = new SafetensorsReader().open(weights)) {
            List<Tensor> tensors = new ArrayList<>(checkpoint.tensors().values());
            tensors.add(ExampleAdapter.filled("model.layers.0.self_attn.q_proj.SCB", 0.5f, 256));
            new PlanWriter(1, Progress.NONE)
                    .write(
                            SafetensorsWriter.plan(
                                    new TensorMap(tensors, Map.of(), List.of()),
                                    Map.of("format", "pt"),
                                    folder.resolve("packed")),
                            false);
        }
        Files.move(folder.resolve("packed"), weights, StandardCopyOption.REPLACE_EXISTING);
        refusedBase(base, adapter, "packed by bitsandbytes in 8 bits");
    }

    private void refusedBase(Path base, Path adapter, String words) {
        Path target = folder.resolve("out");
        Run run = tk("merge-lora", base, adapter, target);
        assertThat(run.err()).contains(words, "before");
        assertThat(run.exit()).as(run.err()).isEqualTo(5);
        assertThat(target).doesNotExist();
    }
}
