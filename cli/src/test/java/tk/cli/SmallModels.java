package tk.cli;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.checkpoint.WritePlan;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.torch.TorchWriter;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Small models of the kinds that people bring: random weights of the right shapes under the right
 * names, in the files in which such models are released, with tokenizers that work.
 */
final class SmallModels {
    static final int HIDDEN = 256;
    static final int HEADS = 4;
    static final int LAYERS = 2;

    /** What Meta's formula makes of the hidden size. */
    static final int FEED_FORWARD = 768;

    /** The projections of a layer under transformers' names, with their rows and columns. */
    private static Map<String, int[]> projections(int keyValueHeads) {
        int keyValues = HIDDEN / HEADS * keyValueHeads;
        Map<String, int[]> all = new LinkedHashMap<>();
        all.put("self_attn.q_proj", new int[] {HIDDEN, HIDDEN});
        all.put("self_attn.k_proj", new int[] {keyValues, HIDDEN});
        all.put("self_attn.v_proj", new int[] {keyValues, HIDDEN});
        all.put("self_attn.o_proj", new int[] {HIDDEN, HIDDEN});
        all.put("mlp.gate_proj", new int[] {FEED_FORWARD, HIDDEN});
        all.put("mlp.up_proj", new int[] {FEED_FORWARD, HIDDEN});
        all.put("mlp.down_proj", new int[] {HIDDEN, FEED_FORWARD});
        return all;
    }

    private final Random random = new Random(8);

    /** A release of Llama 2 as Meta makes it: {@code params.json}, two shards, tokenizer.model. */
    static Path metaRelease(Path folder) throws IOException {
        SmallModels models = new SmallModels();
        Files.createDirectories(folder);
        Files.write(folder.resolve("tokenizer.model"), SmallTokenizers.sentencePiece(0));
        json(
                folder.resolve("params.json"),
                Map.of(
                        "dim",
                        HIDDEN,
                        "multiple_of",
                        256,
                        "n_heads",
                        HEADS,
                        "n_layers",
                        LAYERS,
                        "norm_eps",
                        1e-5,
                        "vocab_size",
                        -1));
        int words = SmallTokenizers.words(0);
        List<Tensor> norms = new ArrayList<>();
        norms.add(models.norm("norm.weight"));
        for (int layer = 0; layer < LAYERS; layer++) {
            norms.add(models.norm("layers." + layer + ".attention_norm.weight"));
            norms.add(models.norm("layers." + layer + ".ffn_norm.weight"));
        }
        for (int shard = 0; shard < 2; shard++) {
            List<Tensor> all = new ArrayList<>(norms);
            all.add(models.tensor("tok_embeddings.weight", words, HIDDEN / 2));
            all.add(models.tensor("output.weight", words / 2, HIDDEN));
            for (int layer = 0; layer < LAYERS; layer++) {
                String attention = "layers." + layer + ".attention.";
                for (String name : List.of("wq", "wk", "wv"))
                    all.add(models.tensor(attention + name + ".weight", HIDDEN / 2, HIDDEN));
                all.add(models.tensor(attention + "wo.weight", HIDDEN, HIDDEN / 2));
                String feed = "layers." + layer + ".feed_forward.";
                for (String name : List.of("w1", "w3"))
                    all.add(models.tensor(feed + name + ".weight", FEED_FORWARD / 2, HIDDEN));
                all.add(models.tensor(feed + "w2.weight", HIDDEN, FEED_FORWARD / 2));
            }
            write(TorchWriter.plan(map(all), folder.resolve("consolidated.0" + shard + ".pth")));
        }
        return folder;
    }

    /** A Llama 2 in transformers' folder: SentencePiece, as many key heads as heads. */
    static Path llama2(Path folder) throws IOException {
        SmallModels models = new SmallModels();
        Files.createDirectories(folder);
        Files.write(folder.resolve("tokenizer.model"), SmallTokenizers.sentencePiece(0));
        models.folder(folder, SmallTokenizers.words(0), HEADS, Map.of("rope_theta", 10000.0));
        return folder;
    }

    /**
     * A chat adapter of that one: rank 64 on all projections, {@code embed_tokens} and {@code
     * lm_head} whole, for a vocabulary with more pieces, which it brings with its chat template.
     */
    static Path chatAdapter(Path folder, int morePieces, String chatTemplate) throws IOException {
        SmallModels models = new SmallModels();
        Files.createDirectories(folder);
        Files.write(folder.resolve("tokenizer.model"), SmallTokenizers.sentencePiece(morePieces));
        json(
                folder.resolve("tokenizer_config.json"),
                Map.of(
                        "tokenizer_class", "LlamaTokenizer",
                        "add_bos_token", true,
                        "bos_token", "<s>",
                        "eos_token", "</s>",
                        "chat_template", chatTemplate));
        Map<String, int[]> projections = projections(HEADS);
        json(
                folder.resolve("adapter_config.json"),
                Map.of(
                        "peft_type",
                        "LORA",
                        "r",
                        64,
                        "lora_alpha",
                        128,
                        "modules_to_save",
                        List.of("embed_tokens", "lm_head"),
                        "target_modules",
                        projections.keySet().stream()
                                .map(name -> name.substring(name.indexOf('.') + 1))
                                .toList()));
        int words = SmallTokenizers.words(morePieces);
        List<Tensor> all = new ArrayList<>();
        all.add(models.tensor("base_model.model.model.embed_tokens.weight", words, HIDDEN));
        all.add(models.tensor("base_model.model.lm_head.weight", words, HIDDEN));
        for (int layer = 0; layer < LAYERS; layer++) {
            for (Map.Entry<String, int[]> one : projections.entrySet()) {
                String name = "base_model.model.model.layers." + layer + "." + one.getKey();
                all.add(models.tensor(name + ".lora_A.weight", 64, one.getValue()[1]));
                all.add(models.tensor(name + ".lora_B.weight", one.getValue()[0], 64));
            }
        }
        write(
                SafetensorsWriter.plan(
                        map(all),
                        Map.of("format", "pt"),
                        folder.resolve("adapter_model.safetensors")));
        return folder;
    }

    /** A Llama 3 Instruct: grouped queries, byte-level BPE, several tokens that end an answer. */
    static Path llama3(Path folder, String chatTemplate) throws IOException {
        SmallModels models = new SmallModels();
        Files.createDirectories(folder);
        json(folder.resolve("tokenizer.json"), SmallTokenizers.byteLevel());
        json(
                folder.resolve("tokenizer_config.json"),
                Map.of(
                        "tokenizer_class", "PreTrainedTokenizerFast",
                        "bos_token", "<|begin_of_text|>",
                        "eos_token", "<|end_of_text|>",
                        "chat_template", chatTemplate));
        int endOfText = SmallTokenizers.special("<|end_of_text|>");
        json(
                folder.resolve("generation_config.json"),
                Map.of(
                        "eos_token_id",
                        List.of(
                                endOfText,
                                SmallTokenizers.special("<|eom_id|>"),
                                SmallTokenizers.special("<|eot_id|>")),
                        "temperature",
                        0.6));
        models.folder(
                folder,
                SmallTokenizers.byteLevelWords(),
                2,
                Map.of(
                        "rope_theta",
                        500000.0,
                        "bos_token_id",
                        SmallTokenizers.special("<|begin_of_text|>"),
                        "eos_token_id",
                        endOfText));
        return folder;
    }

    private void folder(Path folder, int words, int keyValueHeads, Map<String, Object> more)
            throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("hidden_size", HIDDEN);
        config.put("intermediate_size", FEED_FORWARD);
        config.put("num_attention_heads", HEADS);
        config.put("num_key_value_heads", keyValueHeads);
        config.put("num_hidden_layers", LAYERS);
        config.put("max_position_embeddings", 2048);
        config.put("rms_norm_eps", 1e-5);
        config.put("hidden_act", "silu");
        config.put("tie_word_embeddings", false);
        config.put("vocab_size", words);
        config.putAll(more);
        json(folder.resolve("config.json"), config);
        List<Tensor> all = new ArrayList<>();
        all.add(tensor("model.embed_tokens.weight", words, HIDDEN));
        for (int layer = 0; layer < LAYERS; layer++) {
            String prefix = "model.layers." + layer + ".";
            projections(keyValueHeads)
                    .forEach(
                            (name, shape) ->
                                    all.add(tensor(prefix + name + ".weight", shape[0], shape[1])));
            all.add(norm(prefix + "input_layernorm.weight"));
            all.add(norm(prefix + "post_attention_layernorm.weight"));
        }
        all.add(norm("model.norm.weight"));
        all.add(tensor("lm_head.weight", words, HIDDEN));
        write(
                SafetensorsWriter.plan(
                        map(all), Map.of("format", "pt"), folder.resolve("model.safetensors")));
    }

    private Tensor tensor(String name, int rows, int columns) {
        return ExampleAdapter.random(name, random, rows, columns);
    }

    /** Around 1. */
    private Tensor norm(String name) {
        TensorInfo info = new TensorInfo(name, DType.F32, new Shape(HIDDEN));
        MemorySegment bytes = MemorySegment.ofArray(new byte[4 * HIDDEN]);
        for (int i = 0; i < HIDDEN; i++)
            bytes.set(Scalars.LE_FLOAT, 4L * i, (float) (1 + random.nextGaussian() / 20));
        return new ExampleAdapter.InMemory(info, bytes);
    }

    private static TensorMap map(List<Tensor> tensors) {
        return new TensorMap(tensors, Map.of(), List.of());
    }

    private static void write(WritePlan plan) {
        new PlanWriter(1, Progress.NONE).write(plan, true);
    }

    private static void json(Path file, Object value) throws IOException {
        Files.writeString(file, JsonText.PRETTY.write(JsonValue.of(value)));
    }
}
