package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.testing.Originals;
import tk.verify.corpus.Corpus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Merged models and adapters in the hands of transformers and llama.cpp. */
@Tag("interop")
class LoraInteropTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    private Path made(Object... command) {
        Run run = tk(command);
        assertThat(run.exit()).as(run.err()).isZero();
        return (Path) command[command.length - 1];
    }

    /** PEFT's formula in torch, on the base as transformers loads it, against our folder. */
    @Test
    void transformersLoadsTheMergedFolder() throws Exception {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path merged = made("merge-lora", PT, adapter, folder.resolve("merged"));
        Path script = folder.resolve("compare.py");
        Files.writeString(
                script,
                """
                import sys, torch
                from transformers import AutoModelForCausalLM
                from safetensors.torch import load_file
                base, adapter, merged = sys.argv[1:]
                m = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float16)
                a = load_file(adapter + "/adapter_model.safetensors")
                w = torch.load(base, weights_only=True)
                for k in [k for k in a if k.endswith("lora_A.weight")]:
                    name = k[len("base_model.model."):-len(".lora_A.weight")] + ".weight"
                    w[name] += a[k.replace("lora_A", "lora_B")] @ a[k] * 2.0
                for name, value in m.state_dict().items():
                    # Each torch adds in the order of its BLAS: near a middle, its nearest value may be the next.
                    apart = (value.view(torch.int16).int() - w[name].view(torch.int16).int()).abs()
                    assert apart.max() <= 1 and apart.float().mean() < 1e-4, name
                assert m.config.tie_word_embeddings
                assert m(torch.tensor([[1, 2, 3]])).logits.isfinite().all()
                print("equal", len(w))
                """);
        assertThat(Originals.run(Originals.python(), script, PT, adapter, merged))
                .contains("equal");
    }

    /** Adapters and merges that PEFT made, against ours, tensor by tensor. */
    @Test
    void mergesAreThoseOfPeft() throws Exception {
        Originals.pythonModule("peft");
        TransformersModels python = new TransformersModels(folder);
        Path cases = Files.createDirectory(folder.resolve("cases"));
        python.run("peft_merges.py", "make", cases);
        try (Stream<Path> found = Files.list(cases)) {
            for (Path c : found.toList()) {
                made("merge-lora", c.resolve("base"), c.resolve("adapter"), c.resolve("tk"));
            }
        }
        python.run("peft_merges.py", "compare", cases);
    }

    /** Merged and quantized in one go, against convert_hf_to_gguf and llama-quantize in turn. */
    @Test
    void mergedAndQuantizedHasTheTensorsOfTheOriginalsTools() throws Exception {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path ours =
                made(
                        "quantize",
                        "--adapter",
                        adapter,
                        "-t",
                        "q5_K_M",
                        PT,
                        folder.resolve("o.gguf"));
        Path merged = made("merge-lora", PT, adapter, folder.resolve("merged"));
        Path f16 = folder.resolve("f16.gguf");
        Originals.run(Originals.converter(), merged, "--outfile", f16, "--outtype", "f16");
        Path theirs = folder.resolve("theirs.gguf");
        Originals.run(Originals.program("llama-quantize"), f16, theirs, "q5_K_M");
        Run diff = tk("diff", ours, theirs, "--json");
        assertThat(diff.exit()).as(diff.err()).isZero();
        for (String list : List.of("tensors", "onlyInA", "onlyInB")) {
            assertThat(diff.json().array(list).orElseThrow().items()).as(list).isEmpty();
        }
    }

    /** llama.cpp's divergence between the merged model and base with our adapter beside it. */
    @Test
    void llamaCppComputesTheSameWithTheAdapterBesideTheBase() throws Exception {
        Path adapter = new ExampleAdapter().with("use_rslora", true).in(folder.resolve("adapter"));
        Path gguf = made("convert", "--config", EXAMPLE, adapter, folder.resolve("adapter.gguf"));
        Path merged = made("merge-lora", PT, adapter, "-t", "f32", "-o", folder.resolve("m.gguf"));
        Path base = made("convert", "--dtype", "f32", PT, folder.resolve("base.gguf"));
        Path text = Files.writeString(folder.resolve("text"), text());
        Path logits = folder.resolve("logits");
        Path program = Originals.program("llama-perplexity");
        Originals.run(program, "-m", merged, "-f", text, "-c", 128, "--save-all-logits", logits);
        double apart = divergence(program, base, text, logits);
        double beside = divergence(program, base, text, logits, "--lora", gguf);
        assertThat(apart).isGreaterThan(1e-3);
        assertThat(beside).isLessThan(1e-5);
    }

    private static double divergence(
            Path program, Path model, Path text, Path logits, Object... more)
            throws IOException, InterruptedException {
        List<Object> arguments = new ArrayList<>(List.of("-m", model, "-f", text, "-c", 128));
        arguments.addAll(List.of("--kl-divergence", "--kl-divergence-base", logits));
        arguments.addAll(List.of(more));
        String output = Originals.run(program, arguments.toArray());
        Matcher mean = Pattern.compile("Mean\\s+KLD:\\s+(-?[0-9.]+)").matcher(output);
        assertThat(mean.find()).as(output).isTrue();
        return Double.parseDouble(mean.group(1));
    }

    /** Words that this vocabulary without byte pieces has. */
    private static String text() {
        StringBuilder text = new StringBuilder();
        Corpus.texts().values().forEach(texts -> texts.forEach(t -> text.append(t).append(' ')));
        return text.toString().replaceAll("[^a-zA-ZçğıöşüÇĞİÖŞÜ .,]", " ").repeat(2);
    }
}
