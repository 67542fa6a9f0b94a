package tk.verify.report;

import tk.tensor.DType;
import tk.verify.LogitComparison;
import tk.verify.LogitStatistics;
import tk.verify.Tolerances;
import tk.verify.adapter.MergeEvidence;
import tk.verify.adapter.MergeLogits;
import tk.verify.adapter.MergedAdapter;
import tk.verify.adapter.MergedParameter;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A merge as a report shows one. */
final class SampleMerge {
    private SampleMerge() {}

    static MergeEvidence evidence() {
        return new MergeEvidence(
                List.of(
                        new MergedAdapter(
                                Path.of("turkish-chat-lora"),
                                "f0".repeat(32),
                                24,
                                12,
                                0,
                                0.5,
                                List.of("DoRA"))),
                List.of(
                        parameter("model.layers.0.self_attn.q_proj.weight", 0.12),
                        parameter("model.layers.0.self_attn.v_proj.weight", 0.34)),
                Optional.of(
                        new MergeLogits(
                                statistics(1),
                                statistics(1e-4f),
                                Tolerances.of(DType.F16),
                                true,
                                List.of(
                                        new MergeLogits.Shown(
                                                "Türkiye'nin", "▁en", 3.5881, 5.8520, 5.8515)))),
                List.of("embedding and head stay one (tie_word_embeddings=true)"),
                List.of("<rounding> takes away most of what the adapter adds"));
    }

    private static MergedParameter parameter(String name, double moved) {
        return new MergedParameter(name, 1.2e-7, 3.4e-6, moved, 1e-6, 64, true);
    }

    private static LogitStatistics statistics(float difference) {
        LogitComparison comparison = new LogitComparison(3);
        comparison.add(0, 0, new float[] {1, 2, 3}, new float[] {1 + difference, 2, 3});
        return comparison.statistics();
    }
}
