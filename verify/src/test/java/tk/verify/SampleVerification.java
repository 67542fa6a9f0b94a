package tk.verify;

import tk.tensor.DType;
import tk.tensor.Shape;
import tk.verify.weights.TensorDifference;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** A verification made up for tests of its reports. */
public final class SampleVerification {
    private SampleVerification() {}

    /** One that passes, or fails in tensors and logits. */
    public static Verification of(boolean pass) {
        SplittableRandom random = new SplittableRandom(5);
        List<TensorDifference> tensors = new ArrayList<>();
        tensors.add(tensor(-1, "embedding", "token_embd.weight", DType.Q6_K, 5e-5, false));
        for (int layer = 0; layer < 12; layer++) {
            for (String part : List.of("attn norm", "q", "k", "v", "o", "gate", "up", "down")) {
                boolean norm = part.endsWith("norm");
                boolean bad = !pass && layer == 7 && part.equals("q");
                double nmse = norm ? 0 : bad ? 1.97 : 4e-3 * random.nextDouble(0.5, 2);
                String name = "blk.%d.%s.weight".formatted(layer, part.replace(' ', '_'));
                tensors.add(tensor(layer, part, name, norm ? DType.F32 : DType.Q4_K, nmse, bad));
            }
        }
        LogitComparison comparison = new LogitComparison(64);
        for (int position = 0; position < 700; position++) {
            float[] reference = new float[64];
            float[] candidate = new float[66];
            double size = Math.exp(random.nextGaussian()) * (pass ? 0.08 : 1.5);
            for (int i = 0; i < 64; i++) {
                reference[i] = (float) (3 * random.nextGaussian());
                candidate[i] = (float) (reference[i] + size * random.nextGaussian());
            }
            candidate[64] = candidate[65] = -9;
            comparison.add(position / 100, position, reference, candidate);
        }
        List<String> wrong =
                pass
                        ? List.of()
                        : List.of(
                                "`blk.7.attn_q.weight`: 589,213 of 589,824 values are more than a"
                                        + " step of Q4_K away from"
                                        + " `model.layers.7.self_attn.q_proj.weight`");
        List<String> far = pass ? List.of() : List.of("mean KL divergence 0.92, at most 0.15");
        List<GateResult> gates =
                List.of(
                        GateResult.of(
                                Gate.TENSORS,
                                "110 weights compared, each code the nearest to its source",
                                wrong,
                                List.of("`token_embd.weight`: 256 rows more than the source")),
                        GateResult.of(Gate.METADATA, "12 settings", List.of(), List.of()),
                        GateResult.of(
                                Gate.TOKENS,
                                "146 texts, 32 000 pieces",
                                List.of(),
                                List.of("kâğıt → <script>alert('x')</script>")),
                        GateResult.of(Gate.LOGITS, "700 positions", far, List.of()),
                        GateResult.of(Gate.TEMPLATE, "no chat template", List.of(), List.of()),
                        GateResult.of(Gate.BEHAVIOUR, "4 texts continued", List.of(), List.of()));
        Evidence evidence =
                new Evidence(
                        134_105_856,
                        tensors,
                        Optional.of(comparison.statistics()),
                        List.of(
                                new Evidence.WorstToken(
                                        "… İstanbul'un ışıkları Boğaz'ın", " suları", " üst", 0.4),
                                new Evidence.WorstToken(
                                        "Iğdır'ın kışı soğuk,\nyazı", " sıcak", " ılık", 0.31),
                                new Evidence.WorstToken(
                                        "<b>bold</b> & \u202etersten", "\n", "\t\u0007", 0.22)),
                        List.of(
                                new Evidence.Continuation(
                                        "Bir zamanlar uzak bir ülkede",
                                        " yaşayan bir padişahın üç oğlu varmış.",
                                        " yaşayan bir padişahın üç kızı varmış.",
                                        6,
                                        9)),
                        Optional.of(SampleVerification.text(23.41, 23.67)),
                        new Evidence.Tokens(
                                146,
                                List.of(
                                        new Evidence.Mismatch(
                                                "hâlâ 👨‍👩‍👧",
                                                List.of(5, 0, 8),
                                                List.of(5, 301, 8)))));
        String sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        Subject reference =
                new Subject(
                        Path.of("turkish-mini"),
                        sha,
                        List.of(
                                new Subject.Part("config.json", 718, sha),
                                new Subject.Part("turkish_llm_mini.pt", 536_500_000, sha)));
        Subject candidate =
                new Subject(
                        Path.of("out/tr-mini/turkish-mini-q4_K_M.gguf"),
                        sha,
                        List.of(new Subject.Part("turkish-mini-q4_K_M.gguf", 83_500_000, sha)));
        return new Verification(
                reference, candidate, gates, evidence, Tolerances.of(DType.Q4_K), Optional.empty());
    }

    /** A text on which two models have these perplexities. */
    static KlDivergence text(double reference, double candidate) {
        Perplexity source = new Perplexity(4, 1020, Math.log(reference), reference, 0.1);
        Perplexity found = new Perplexity(4, 1020, Math.log(candidate), candidate, 0.1);
        Distribution divergence = Distribution.of(new double[] {0.001, 0.002, 0.04}, 3);
        double ratio = Math.log(candidate / reference);
        return new KlDivergence(
                source,
                source,
                found,
                ratio,
                0.001,
                0.99,
                divergence,
                0.001,
                divergence,
                0.02,
                0.97);
    }

    private static TensorDifference tensor(
            int layer, String part, String name, DType type, double nmse, boolean bad) {
        return new TensorDifference(
                name,
                "model." + name,
                layer,
                part,
                DType.F32,
                type,
                new Shape(768, 768),
                nmse == 0 ? 0 : 500_000,
                Math.sqrt(nmse) * 0.1,
                Math.sqrt(nmse) * 0.02,
                nmse,
                3,
                0,
                bad ? Optional.of("wrong") : Optional.empty(),
                Optional.empty());
    }
}
