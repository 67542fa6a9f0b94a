package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import tk.torch.PickleAudit.Lookup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Hostile files are refused, in a JVM of 128 MB, each within a second. */
class HostileFilesTest {
    @TempDir static Path folder;

    private static final Map<String, byte[]> FILES = HostileFiles.all();

    private record Outcome(int exit, long millis, String message) {}

    private static final Map<String, Outcome> OUTCOMES = new LinkedHashMap<>();

    @BeforeAll
    static void openAllInASmallHeap() throws IOException, InterruptedException {
        Path files = Files.createDirectory(folder.resolve("files"));
        for (Map.Entry<String, byte[]> file : FILES.entrySet()) {
            Files.write(files.resolve(file.getKey()), file.getValue());
        }
        Path log = folder.resolve("log");
        String path =
                System.getProperty("jdk.module.path", "")
                        + java.io.File.pathSeparator
                        + System.getProperty("java.class.path")
                        + java.io.File.pathSeparator
                        + Path.of("target/test-classes").toAbsolutePath();
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx128m",
                                "-XX:+UseSerialGC",
                                "-cp",
                                path,
                                HostileMain.class.getName(),
                                files.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertThat(process.waitFor()).as(() -> text(log)).isZero();
        for (String line : text(log).lines().toList()) {
            String[] parts = line.split("\t", 4);
            OUTCOMES.put(
                    parts[0],
                    new Outcome(Integer.parseInt(parts[2]), Long.parseLong(parts[1]), parts[3]));
        }
    }

    private static String text(Path log) {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @TestFactory
    Stream<DynamicTest> isRefused() {
        return FILES.keySet().stream()
                .map(
                        name ->
                                DynamicTest.dynamicTest(
                                        name,
                                        () -> {
                                            Outcome outcome = OUTCOMES.get(name);
                                            assertThat(outcome).isNotNull();
                                            assertThat(outcome.exit())
                                                    .as(outcome.message())
                                                    .isIn(3, 4);
                                            assertThat(outcome.millis()).isLessThan(1000);
                                            assertThat(outcome.message()).contains(name);
                                        }));
    }

    @TestFactory
    Stream<DynamicTest> theRefusalNamesTheGlobalAndItsPlace() {
        return OUTCOMES.entrySet().stream()
                .filter(
                        entry ->
                                entry.getKey().startsWith("calls ") && entry.getKey().contains("."))
                .map(
                        entry ->
                                DynamicTest.dynamicTest(
                                        entry.getKey(),
                                        () -> {
                                            Outcome outcome = entry.getValue();
                                            assertThat(outcome.exit()).isEqualTo(4);
                                            assertThat(outcome.message())
                                                    .contains("archive/data.pkl: byte 2: ")
                                                    .contains(
                                                            "`"
                                                                    + entry.getKey().substring(6)
                                                                    + "`");
                                        }));
    }

    @Test
    void aLookAlikeIsShownByItsCode() {
        assertThat(OUTCOMES.get("a Cyrillic o in os").message()).contains("`\\u043es.system`");
    }

    @Test
    void theAuditListsWhatWouldBeCalledAndWithWhat() {
        PickleAudit audit = PickleAudit.of(folder.resolve("files/beside honest tensors"));
        assertThat(audit.broken()).isEmpty();
        assertThat(audit.refused()).hasSize(1);
        Lookup lookup = audit.refused().getFirst();
        assertThat(lookup.module() + "." + lookup.name()).isEqualTo("os.system");
        assertThat(lookup.calls()).isEqualTo(1);
        assertThat(lookup.example()).isEqualTo("\"echo pwned\"");
        assertThat(audit.lookups())
                .extracting(Lookup::name)
                .contains("_rebuild_tensor_v2", "FloatStorage", "OrderedDict", "system");
    }

    @TestFactory
    Stream<DynamicTest> everyHostileFileCanBeAudited() {
        return Stream.of(
                        "STACK_GLOBAL",
                        "STACK_GLOBAL with names from the memo",
                        "escaped names",
                        "INST",
                        "OBJ",
                        "called and thrown away",
                        "a packed hostile pickle",
                        "a bare hostile pickle",
                        "a bare hostile pickle of protocol 0",
                        "a zip behind a hostile pickle",
                        "legacy with a hostile object",
                        "legacy with hostile keys",
                        "two pickles in one stream",
                        "tar with a hostile pickle",
                        "a hostile pickle after an honest one")
                .map(
                        name ->
                                DynamicTest.dynamicTest(
                                        name,
                                        () ->
                                                assertThat(
                                                                PickleAudit.of(
                                                                                folder.resolve(
                                                                                        "files/"
                                                                                                + name))
                                                                        .refused())
                                                        .extracting(
                                                                l -> l.module() + "." + l.name())
                                                        .contains("os.system")));
    }
}
