package tk.torch;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/** Files made to harm whoever loads them. None does anything when it is merely interpreted. */
final class HostileFiles {
    private HostileFiles() {}

    /** All of them, by a name that says what each tries. */
    static Map<String, byte[]> all() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        HostileCalls.addTo(files);
        HostilePickles.addTo(files);
        HostileContainers.addTo(files);
        return files;
    }

    /** Adds a pickle, in an archive that is otherwise sound. */
    static void add(Map<String, byte[]> files, String name, Pickle pickle) {
        files.put(name, TestZip.checkpoint(pickle.stop()));
    }

    /** One after another. */
    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) out.writeBytes(part);
        return out.toByteArray();
    }
}
