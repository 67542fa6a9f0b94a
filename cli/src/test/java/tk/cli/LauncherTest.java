package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The script {@code tk} in a folder of its own, with a JDK and a Maven that only say what was asked
 * of them.
 */
class LauncherTest {
    @TempDir Path folder;
    private Path home;
    private Path jdk;
    private Path programs;

    @BeforeEach
    void install() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "tk is a script for sh, not found here");
        home = Files.createDirectory(folder.resolve("yapay zekâ"));
        jdk = Files.createDirectories(folder.resolve("jdk/bin")).getParent();
        programs = Files.createDirectory(folder.resolve("programs"));
        Path tk = CommandLineTest.EXAMPLE.resolve("../../tk").normalize();
        Files.copy(tk, home.resolve("tk"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
        script(
                jdk.resolve("bin/java"),
                "echo \"LC_ALL=${LC_ALL-}\"; for a in \"$@\"; do echo \"$a\"; done");
        script(
                programs.resolve("mvn"),
                "echo built >>builds.txt; sleep 1; mkdir -p cli/target/dist/lib");
    }

    private static void script(Path path, String body) throws IOException {
        Files.writeString(path, "#!/bin/sh\n" + body + "\n");
        assertThat(path.toFile().setExecutable(true)).isTrue();
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(home.resolve("tk").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("TK_JAVA_HOME", jdk.toString());
        builder.environment().remove("TK_JAVA_OPTS");
        builder.environment().put("LC_ALL", "POSIX");
        builder.environment().merge("PATH", programs + ":", (path, first) -> first + path);
        return builder.start();
    }

    private static List<String> lines(Process process) throws IOException, InterruptedException {
        String output =
                new String(
                        process.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output.lines().toList();
    }

    @Test
    void passesArgumentsAsTheyAre() throws Exception {
        String[] given = {"inspect", "a b.pt", "'çift \"tırnak\"'", "*", "", "$HOME", "pt->hf"};
        assertThat(lines(start(given))).endsWith(given);
    }

    /** The folder's name has a space. */
    @Test
    void startsFasterFromItsCacheWhereverItLies() throws Exception {
        lines(start("inspect", "a.pt"));
        Path cache = Files.createFile(home.resolve("target/tk.aot"));
        Path merging = Files.createFile(home.resolve("target/merge-lora.aot"));
        String option = "-XX:AOTCache=";
        assertThat(lines(start("inspect", "a.pt"))).contains(option + cache.toRealPath());
        assertThat(lines(start("merge-lora", "a.pt"))).contains(option + merging.toRealPath());
        assertThat(lines(start("verify", "a.pt"))).noneMatch(line -> line.startsWith(option));
    }

    @Test
    void namesBeyondAsciiReachTheJvmWithoutALocale() throws Exception {
        assertThat(lines(start("inspect", "çıktı İĞ"))).contains("LC_ALL=C.UTF-8");
    }

    @Test
    void firstCallsAtTheSameTimeBuildOnce() throws Exception {
        List<Process> calls = new ArrayList<>();
        for (int i = 0; i < 3; i++) calls.add(start("inspect", "x"));
        for (Process call : calls) assertThat(lines(call)).endsWith("inspect", "x");
        assertThat(home.resolve("builds.txt")).hasContent("built");
    }

    @Test
    void buildsAgainOnlyWhereSourcesAreNewer() throws Exception {
        lines(start("inspect"));
        lines(start("inspect"));
        assertThat(home.resolve("builds.txt")).hasContent("built");
        Path source = Files.createDirectories(home.resolve("cli/src/main")).resolve("Tk.java");
        Files.writeString(source, "changed");
        assertThat(source.toFile().setLastModified(System.currentTimeMillis() + 2000)).isTrue();
        lines(start("inspect"));
        assertThat(home.resolve("builds.txt")).hasContent("built\nbuilt");
    }

    @Test
    void computingCommandsGetTheVectorModule() throws Exception {
        assertThat(lines(start("verify", "a", "b"))).contains("--add-modules=jdk.incubator.vector");
        assertThat(lines(start("tokenize", "a", "b")))
                .doesNotContain("--add-modules=jdk.incubator.vector");
        assertThat(lines(start("package", "a", "--dry-run")))
                .doesNotContain("--add-modules=jdk.incubator.vector");
    }

    @Test
    void mergesGetTheVectorModuleWhereTheBaseIsLarge() throws Exception {
        Path base = Files.createDirectories(home.resolve("base"));
        Path weights = base.resolve("model.safetensors");
        for (long megabytes : new long[] {536, 2200, 6400}) {
            try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
                file.setLength(megabytes * 1_000_000); // takes no place on the disk
            }
            boolean vectors =
                    lines(start("merge-lora", base.toString(), "a", "b"))
                            .contains("--add-modules=jdk.incubator.vector");
            assertThat(vectors).as(megabytes + " MB").isEqualTo(megabytes > 3000);
        }
    }
}
