package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.tensor.DType;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What takes a Java virtual machine of its own: other vector widths, and kernels warmed up from the
 * start. {@code -Dtk.blocks=N} as in {@link VectorKernelsTest}.
 */
class VectorJvmsTest {
    private static final String BLOCKS = System.getProperty("tk.blocks", "400");

    /** The suite runs a second time under another language, which these do not know of. */
    @BeforeAll
    static void once() {
        assumeTrue(!Locale.getDefault().getLanguage().equals("tr"), "ran already");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-XX:UseAVX=2", "-XX:MaxVectorSize=16"})
    void narrowerVectorsGiveTheScalarBytes(String option) throws Exception {
        String output = run(List.of(option), "bytes", BLOCKS);
        assertThat(output.lines().filter(line -> line.endsWith("none differing")))
                .hasSameSizeAs(BlockCodecs.types());
        assertThat(output).doesNotContain("512 bits");
    }

    /**
     * In about one virtual machine of many the compiler, by what it happened to see first, leaves a
     * call of a kernel out of its inlining for good; then vectors become objects there. So a second
     * and a third one are asked.
     */
    @Test
    void warmKernelsAllocateNothing() throws Exception {
        for (String type : List.of("Q4_0", "Q4_1", "Q8_0", "Q3_K", "Q4_K", "Q6_K")) {
            String output = "";
            for (int jvm = 0; jvm < 3 && !output.contains("backwards"); jvm++) {
                output = start(List.of(), "allocation", "0", type).output();
            }
            assertThat(output)
                    .contains(type + ", weighted: false: allocates nothing")
                    .contains(type + ", weighted: true: allocates nothing")
                    .contains(type + ", backwards: allocates nothing");
        }
    }

    @Test
    void workBeginsOnScalarKernelsAndEndsOnVectorKernels() throws Exception {
        assertThat(run(List.of(), "warm", "0", "Q8_0")).contains("Q8_0: from scalar to vector");
    }

    /** How a virtual machine ended. */
    private record Ended(int exit, String output) {}

    private static String run(List<String> options, String... arguments)
            throws IOException, InterruptedException, URISyntaxException {
        Ended ended = start(options, arguments);
        assertThat(ended.exit()).as(ended.output()).isZero();
        return ended.output();
    }

    private static Ended start(List<String> options, String... arguments)
            throws IOException, InterruptedException, URISyntaxException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseSerialGC");
        command.add("-XX:+IgnoreUnrecognizedVMOptions");
        command.addAll(options);
        command.add("--add-modules=jdk.incubator.vector");
        command.add("-cp");
        command.add(
                String.join(
                        java.io.File.pathSeparator,
                        place(VectorCheck.class),
                        place(BlockCodecs.class),
                        place(DType.class)));
        command.add(VectorCheck.class.getName());
        command.addAll(Arrays.asList(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }

    /** The folder or the jar that a class lies in. */
    private static String place(Class<?> type) throws URISyntaxException {
        String file = type.getName().replace('.', '/') + ".class";
        URI uri = type.getResource("/" + file).toURI();
        String found =
                uri.getScheme().equals("jar") ? uri.getRawSchemeSpecificPart() : uri.toString();
        String root = found.substring(0, found.length() - file.length() - 1);
        return Path.of(URI.create(root.endsWith("!") ? root.substring(0, root.length() - 1) : root))
                .toString();
    }
}
