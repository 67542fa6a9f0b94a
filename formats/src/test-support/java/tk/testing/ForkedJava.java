package tk.testing;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Starts a test class's {@code main} in a JVM of its own: to limit it, or to kill it. */
public final class ForkedJava {
    private ForkedJava() {}

    /**
     * Starts it, on the class path; both streams of output become one.
     *
     * @param options for the JVM, such as {@code -Xmx128m}
     */
    public static Process start(Class<?> main, List<String> options, Object... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath(main), main.getName()));
        for (Object argument : arguments) command.add(argument.toString());
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String classPath(Class<?> main) {
        // Tests are patched into the module under test, so no property tells where they are.
        String resource = main.getName().replace('.', '/') + ".class";
        Path tests;
        try {
            Path file =
                    Path.of(
                            Objects.requireNonNull(main.getResource("/" + resource), resource)
                                    .toURI());
            tests = file;
            for (int i = 0; i < Path.of(resource).getNameCount(); i++) {
                tests = Objects.requireNonNull(tests.getParent());
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        return String.join(
                System.getProperty("path.separator"),
                tests.toString(),
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path", ""));
    }
}
