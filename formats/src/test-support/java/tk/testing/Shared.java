package tk.testing;

import org.junit.jupiter.api.Assumptions;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Files that lie beside the checkout, in {@code ../shared}; a test that asks for one skips, saying
 * so, where they don't.
 */
public final class Shared {
    private static final Path ROOT =
            Path.of(System.getProperty("tk.shared", "../../shared")).normalize();

    private Shared() {}

    /** A file or folder below {@code shared/}; the test is skipped where it is not there. */
    public static Path path(String relative) {
        Path path = ROOT.resolve(relative);
        Assumptions.assumeTrue(
                Files.exists(path), () -> "not beside this checkout: shared/" + relative);
        return path;
    }

    /** Whether it is there: for tests that take part of their input from it. */
    public static boolean has(String relative) {
        return Files.exists(ROOT.resolve(relative));
    }
}
