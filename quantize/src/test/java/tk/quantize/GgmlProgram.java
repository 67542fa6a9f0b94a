package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * llama.cpp's {@code libggml-base} in a process of its own: {@code src/test/native/ggml-chunk.c}.
 */
final class GgmlProgram implements Ggml {
    private final Process process;

    /** Starts the program, given with its arguments. */
    GgmlProgram(String command) throws IOException {
        process =
                new ProcessBuilder(List.of(command.split(" ")))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
    }

    @Override
    public byte[] quantize(
            DType type, float[] values, int rows, int columns, float @Nullable [] importance)
            throws IOException {
        int bytes = Math.toIntExact(type.byteSize((long) rows * columns));
        int weights = importance == null ? 0 : columns;
        ByteBuffer request =
                ByteBuffer.allocate(20 + 4 * (rows * columns + weights))
                        .order(ByteOrder.nativeOrder());
        request.putInt(Ggml.id(type)).putInt(rows).putInt(columns);
        request.putInt(importance == null ? 0 : 1).putInt(bytes);
        request.asFloatBuffer().put(values, 0, rows * columns);
        if (importance != null) {
            request.position(20 + 4 * rows * columns).asFloatBuffer().put(importance, 0, columns);
        }
        OutputStream out = new BufferedOutputStream(process.getOutputStream(), 1 << 16);
        out.write(request.array());
        out.flush();
        byte[] answer = process.getInputStream().readNBytes(bytes);
        if (answer.length < bytes) throw new IOException("the program ended early");
        return answer;
    }
}
