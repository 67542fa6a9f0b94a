package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.testing.Originals;

import java.nio.file.Files;
import java.nio.file.Path;

@Tag("interop")
class SafetensorsInteropTest {
    /** One tensor of every dtype torch has, saved in an order that is not the file's. */
    private static final String SAVE =
            """
            import sys, torch
            from safetensors.torch import save_file
            torch.manual_seed(7)
            names = ("bool uint8 int8 float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz "
                     "float8_e5m2fnuz int16 uint16 float16 bfloat16 int32 uint32 float32 "
                     "complex64 float64 int64 uint64 float4_e2m1fn_x2").split()
            tensors = {}
            for name in names:
                dtype = getattr(torch, name)
                raw = torch.randint(0, 2, (6, 160), dtype=torch.uint8)
                tensors["t." + name] = raw.view(dtype)
            tensors["b"], tensors["a"] = torch.randn(2), torch.randn(())
            tensors["ğ\\"\\\\\\n\\u2028😀"] = torch.zeros(0, 3)
            tensors["layers.10.w"], tensors["layers.9.w"] = torch.randn(3, 4), torch.randn(3, 4)
            save_file(tensors, sys.argv[1] + "/all.safetensors", metadata={"format": "pt"})
            save_file({}, sys.argv[1] + "/none.safetensors")
            """;

    private static final String COMPARE =
            """
            import sys, torch
            from safetensors.torch import load_file
            from safetensors import safe_open
            ours, theirs = (load_file(sys.argv[1] + name) for name in ("/copy.safetensors", "/all.safetensors"))
            assert ours.keys() == theirs.keys()
            for name, tensor in theirs.items():
                assert ours[name].dtype == tensor.dtype and ours[name].shape == tensor.shape, name
                assert torch.equal(ours[name].view(torch.uint8) if tensor.dim() else ours[name],
                                   tensor.view(torch.uint8) if tensor.dim() else tensor), name
            with safe_open(sys.argv[1] + "/copy.safetensors", "pt") as f:
                assert f.metadata() == {"format": "pt"}
            print("equal")
            """;

    @TempDir Path folder;

    @Test
    void savesEveryDtypeAsTheOriginalDoesByteForByte() throws Exception {
        Originals.run(Originals.python(), "-c", SAVE, folder);
        for (String name : new String[] {"all", "none"}) {
            Path file = folder.resolve(name + ".safetensors");
            Path copy = folder.resolve(name.equals("all") ? "copy.safetensors" : "copy0");
            try (Checkpoint read = new SafetensorsReader().open(file)) {
                new PlanWriter(2, Progress.NONE)
                        .write(SafetensorsWriter.plan(read, read.metadata(), copy), false);
            }
            assertThat(Files.mismatch(file, copy)).as(name).isEqualTo(-1);
        }
        assertThat(Originals.run(Originals.python(), "-c", COMPARE, folder)).contains("equal");
    }
}
