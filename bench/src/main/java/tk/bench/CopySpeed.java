package tk.bench;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.checkpoint.WritePlan;
import tk.convert.CastTensor;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufWriter;
import tk.safetensors.SafetensorsReader;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.torch.TorchReader;
import tk.torch.TorchWriter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Conversions against {@code cp}, against the mere writing of as many bytes, and against torch and
 * safetensors where {@code TK_PYTHON} is set: {@code CopySpeed FOLDER [MEGABYTES [TENSORS
 * [ROUNDS]]]}.
 *
 * <p>tk flushes to disk before it renames, which cp and safetensors do not: so what is copied is
 * measured without and with.
 */
final class CopySpeed {
    private static final PlanWriter ONE = new PlanWriter(1, Progress.NONE);
    private static final PlanWriter TWO = new PlanWriter(2, Progress.NONE);

    private CopySpeed() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(Path.of(args[0]), "tk-copy");
        long megabytes = args.length > 1 ? Long.parseLong(args[1]) : 536;
        int tensors = args.length > 2 ? Integer.parseInt(args[2]) : 111;
        int rounds = args.length > 3 ? Integer.parseInt(args[3]) : 9;
        Path source = folder.resolve("source.safetensors");
        Path pt = folder.resolve("source.pt");
        Path target = folder.resolve("target");
        Optional<TorchServant> torch = TorchServant.start();
        try {
            Checkpoint bf16 = Noise.checkpoint(DType.BF16, megabytes, tensors);
            TWO.write(SafetensorsWriter.plan(bf16, Map.of(), source), false);
            TWO.write(TorchWriter.plan(bf16, pt), false);
            System.out.printf(Locale.ROOT, "%d MB of BF16, %d tensors%n", megabytes, tensors);
            copies(source, target, rounds, torch);
            picklesRead(pt, target, rounds, torch);
            casts(source, target, rounds, DType.F32, "float32", torch);
            casts(source, target, rounds, DType.F16, "float16", torch);
        } finally {
            if (torch.isPresent()) torch.get().close();
            for (Path file : List.of(source, pt, target, folder)) Files.deleteIfExists(file);
        }
    }

    private static void copies(Path source, Path target, int rounds, Optional<TorchServant> torch)
            throws IOException, InterruptedException {
        Turns turns = new Turns(target, rounds);
        try (Checkpoint read = new SafetensorsReader().open(source)) {
            WritePlan same = SafetensorsWriter.plan(read, read.metadata(), target);
            WritePlan gguf = GgufWriter.plan(GgufMetadata.builder().build(), read, target);
            WritePlan pt = TorchWriter.plan(read, target);
            turns.reference("cp", () -> cp(source, target));
            turns.way("safetensors, 1 thread", () -> ONE.writeTo(same, target));
            turns.way("safetensors, 2 threads", () -> TWO.writeTo(same, target));
            turns.way("to GGUF, 2 threads", () -> TWO.writeTo(gguf, target));
            turns.way("to .pt, 2 threads", () -> TWO.writeTo(pt, target));
            torch.ifPresent(
                    servant -> {
                        turns.servedBy(servant.handle());
                        turns.way("torch", () -> servant.convert(source, target, "keep"));
                    });
            turns.reference(
                    "cp, flushed",
                    () -> {
                        cp(source, target);
                        flush(target);
                    });
            turns.way("safetensors, whole", () -> TWO.write(same, false));
            turns.way("to GGUF, whole", () -> TWO.write(gguf, false));
            turns.way("to .pt, whole", () -> TWO.write(pt, false));
            turns.run();
        }
    }

    private static void picklesRead(
            Path source, Path target, int rounds, Optional<TorchServant> torch)
            throws IOException, InterruptedException {
        Turns turns = new Turns(target, rounds);
        turns.reference("cp of a .pt", () -> cp(source, target));
        turns.way(
                ".pt to safetensors, opened too",
                () -> {
                    try (Checkpoint read = new TorchReader().open(source)) {
                        TWO.writeTo(SafetensorsWriter.plan(read, Map.of(), target), target);
                    }
                });
        torch.ifPresent(
                servant -> {
                    turns.servedBy(servant.handle());
                    turns.way("torch", () -> servant.convert(source, target, "keep"));
                });
        turns.run();
    }

    private static void casts(
            Path source,
            Path target,
            int rounds,
            DType dtype,
            String torchName,
            Optional<TorchServant> torch)
            throws IOException, InterruptedException {
        Turns turns = new Turns(target, rounds);
        try (Checkpoint read = new SafetensorsReader().open(source)) {
            List<Tensor> cast =
                    read.tensors().values().stream().map(t -> CastTensor.of(t, dtype)).toList();
            WritePlan plan =
                    SafetensorsWriter.plan(
                            new TensorMap(cast, Map.of(), List.of()), Map.of(), target);
            turns.reference("as many bytes, written", () -> write(plan.bytes(), target));
            turns.way("BF16 to " + dtype + ", 1 thread", () -> ONE.writeTo(plan, target));
            turns.way("BF16 to " + dtype + ", 2 threads", () -> TWO.writeTo(plan, target));
            torch.ifPresent(
                    servant -> {
                        turns.servedBy(servant.handle());
                        turns.way("torch", () -> servant.convert(source, target, torchName));
                    });
            turns.run();
        }
    }

    private static void write(long bytes, Path target) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect((1 << 20) + 64).alignedSlice(64);
        try (FileChannel channel =
                FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (long done = 0; done < bytes; ) {
                chunk.clear().limit((int) Math.min(chunk.capacity(), bytes - done));
                done += channel.write(chunk);
            }
        }
    }

    private static void cp(Path source, Path target) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("cp", source.toString(), target.toString()).start();
        if (process.waitFor() != 0) throw new IOException("cp failed");
    }

    private static void flush(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }
}
