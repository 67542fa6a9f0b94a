package tk.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/**
 * The program: streams, environment and exit code of the process; everything else is {@link Tk}.
 */
public final class Main {
    private Main() {}

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        // Numbers look the same everywhere: "%,d" and "%.2f" follow this setting.
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        StandardOutput output = new StandardOutput(new FileOutputStream(FileDescriptor.out));
        PrintStream out =
                new PrintStream(new BufferedOutputStream(output), false, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(standardError(), true, StandardCharsets.UTF_8);
        int code =
                Tk.run(
                        out,
                        err,
                        Map.copyOf(System.getenv()),
                        Boolean.getBoolean("tk.terminal"),
                        arguments);
        out.flush();
        if (output.failure().isPresent()) {
            err.println("tk: the result cannot be written: " + output.failure().get().getMessage());
            if (code == 0) code = 7;
        }
        err.flush();
        System.exit(code);
    }

    /**
     * The launcher may have put the JVM's own stderr away and kept the terminal open under another
     * name.
     */
    private static OutputStream standardError() {
        String file = System.getProperty("tk.stderr");
        if (file == null) return System.err;
        try {
            return new FileOutputStream(file, true);
        } catch (IOException unavailable) {
            return System.err;
        }
    }
}
