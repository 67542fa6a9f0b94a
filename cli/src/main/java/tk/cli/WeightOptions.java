package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.convert.gguf.OutType;
import tk.error.UsageException;

import java.util.OptionalLong;

/** How a command that writes unquantized weights writes them. */
final class WeightOptions {
    @Option(
            names = "--dtype",
            paramLabel = "f32|f16|bf16|keep",
            defaultValue = "keep",
            description = "The type of the weights (default: ${DEFAULT-VALUE}).")
    private String dtype = "keep";

    @Option(
            names = "--max-shard-size",
            paramLabel = "SIZE",
            description = "The largest file of weights in an HF folder, such as 5GB.")
    private @Nullable String maxShardSize;

    OutType type() {
        return OutType.named(dtype)
                .orElseThrow(
                        () -> new UsageException("--dtype " + dtype, "f32, f16, bf16 or keep"));
    }

    /** The largest file of an HF folder, where it is given. */
    OptionalLong shardBytes() {
        return maxShardSize == null
                ? OptionalLong.empty()
                : OptionalLong.of(Sizes.parse("--max-shard-size", maxShardSize));
    }
}
