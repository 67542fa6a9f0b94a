package tk.modelfile;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * A Modelfile's bytes as text: UTF-8 unless they begin with a byte order mark that says UTF-16.
 * What is no text becomes U+FFFD, as in Ollama.
 */
final class ModelfileText {
    private ModelfileText() {}

    static String decode(byte[] bytes) {
        if (begins(bytes, 0xef, 0xbb, 0xbf)) return text(bytes, 3, StandardCharsets.UTF_8);
        if (begins(bytes, 0xff, 0xfe)) return text(bytes, 2, StandardCharsets.UTF_16LE);
        if (begins(bytes, 0xfe, 0xff)) return text(bytes, 2, StandardCharsets.UTF_16BE);
        return text(bytes, 0, StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes, int from, Charset charset) {
        return new String(bytes, from, bytes.length - from, charset);
    }

    private static boolean begins(byte[] bytes, int... mark) {
        if (bytes.length < mark.length) return false;
        for (int i = 0; i < mark.length; i++) if ((bytes[i] & 0xff) != mark[i]) return false;
        return true;
    }
}
