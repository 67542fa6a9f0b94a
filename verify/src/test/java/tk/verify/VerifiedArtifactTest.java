package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Sha256;
import tk.error.VerificationException;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

class VerifiedArtifactTest {
    @TempDir Path folder;

    @Test
    void comesFromAVerificationThatPassed() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        VerifiedArtifact artifact = VerifiedArtifact.of(verification(file, true));
        assertThat(artifact.sha256()).isEqualTo(Sha256.of(file));
        assertThat(artifact.bytes()).isEqualTo(7);
    }

    @Test
    void neverComesFromOneThatFailed() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        assertThatThrownBy(() -> VerifiedArtifact.of(verification(file, false)))
                .isInstanceOf(VerificationException.class)
                .hasMessageContaining("logits: too far");
    }

    @Test
    void neverComesFromOneWithoutGates() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        Subject subject = Subject.read(file);
        Verification empty =
                new Verification(
                        subject,
                        subject,
                        List.of(),
                        Evidence.NONE,
                        Tolerances.exact(),
                        Optional.empty());
        assertThat(empty.pass()).isFalse();
        assertThatThrownBy(() -> VerifiedArtifact.of(empty))
                .isInstanceOf(VerificationException.class);
    }

    @Test
    void neverComesFromOneWithoutAllGates() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        Subject subject = Subject.read(file);
        for (int missing = 0; missing < Gate.values().length; missing++) {
            List<GateResult> gates = new ArrayList<>(gates(List.of()));
            // A template check of the caller's that answers for another gate, too.
            gates.set(missing, gates.get((missing + 1) % gates.size()));
            Verification verification =
                    new Verification(
                            subject,
                            subject,
                            gates,
                            Evidence.NONE,
                            Tolerances.exact(),
                            Optional.empty());
            assertThat(verification.pass()).isFalse();
            assertThatThrownBy(() -> VerifiedArtifact.of(verification))
                    .isInstanceOf(VerificationException.class)
                    .hasMessageContaining("not every gate ran");
        }
    }

    @Test
    void comparingNothingIsNoPass() {
        LogitStatistics none = new LogitComparison(2).statistics();
        assertThat(LogitGate.run(none, Tolerances.exact(), false).pass()).isFalse();
        Continuations silence = new Continuations(0, 0, 0, List.of());
        assertThat(silence.gate(Tolerances.exact()).pass()).isFalse();
    }

    @Test
    void saysWhereOnlyASampleWasRun() {
        LogitComparison comparison = new LogitComparison(2);
        comparison.add(0, 0, new float[] {1, 2}, new float[] {1, 2});
        LogitStatistics logits = comparison.statistics();
        assertThat(LogitGate.run(logits, Tolerances.exact(), false).notes()).isEmpty();
        assertThat(LogitGate.run(logits, Tolerances.exact(), true).notes().getFirst())
                .startsWith("a sample");
    }

    @Test
    void noticesThatTheFileChanged() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        Verification verification = verification(file, true);
        Files.writeString(file, "Weights");
        assertThatThrownBy(() -> VerifiedArtifact.of(verification))
                .isInstanceOf(VerificationException.class)
                .hasMessageContaining("changed after it was verified");
    }

    @Test
    void followsARenameAndChecksTheBytesThere() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        VerifiedArtifact artifact = VerifiedArtifact.of(verification(file, true));
        Path moved = Files.move(file, folder.resolve("moved.gguf"));
        assertThat(artifact.movedTo(moved).path()).isEqualTo(moved);
        Path other = Files.writeString(folder.resolve("other.gguf"), "others!");
        assertThatThrownBy(() -> artifact.movedTo(other)).isInstanceOf(VerificationException.class);
    }

    @Test
    void hasNoConstructorThatAnyoneCanCall() {
        for (Class<?> type : List.of(VerifiedArtifact.class, Verification.class)) {
            assertThat(Modifier.isFinal(type.getModifiers())).isTrue();
            for (Constructor<?> constructor : type.getDeclaredConstructors()) {
                assertThat(Modifier.isPublic(constructor.getModifiers())).isFalse();
            }
        }
    }

    @Test
    void hashesAFolderAsSha256sumWould() throws IOException {
        Files.writeString(folder.resolve("b.txt"), "b");
        Files.writeString(folder.resolve("a.txt"), "a");
        Files.writeString(folder.resolve(".hidden"), "x");
        String lines =
                Sha256.of("a".getBytes(StandardCharsets.UTF_8))
                        + "  a.txt\n"
                        + Sha256.of("b".getBytes(StandardCharsets.UTF_8))
                        + "  b.txt\n";
        Subject subject = Subject.read(folder);
        assertThat(subject.sha256()).isEqualTo(Sha256.of(lines.getBytes(StandardCharsets.UTF_8)));
        assertThat(subject.parts()).hasSize(2);
        assertThat(subject.bytes()).isEqualTo(2);
    }

    @Test
    void reportsTheShapeThatScriptsRelyOn() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "weights");
        LogitComparison comparison = new LogitComparison(2);
        comparison.add(0, 0, new float[] {1, 2}, new float[] {1, 2});
        Evidence evidence =
                new Evidence(
                        0,
                        List.of(),
                        Optional.of(comparison.statistics()),
                        List.of(),
                        List.of(),
                        Optional.of(SampleVerification.text(10, 11)),
                        new Evidence.Tokens(
                                1,
                                List.of(new Evidence.Mismatch("iş", List.of(1), List.of(2, 3)))));
        Subject subject = Subject.read(file);
        Verification verification =
                new Verification(
                        subject,
                        subject,
                        gates(List.of()),
                        evidence,
                        Tolerances.exact(),
                        Optional.empty());
        String text = JsonText.PRETTY.write(verification.toJson());
        JsonValue value = Json.parse(text.getBytes(StandardCharsets.UTF_8), "report");
        JsonObject report = (JsonObject) value;
        assertThat(report.bool("pass")).contains(true);
        JsonObject gate = (JsonObject) report.array("gates").orElseThrow().items().getFirst();
        assertThat(gate.members().keySet()).startsWith("name", "pass", "detail");
        assertThat(report.object("logits").orElseThrow().members().keySet())
                .startsWith("positions", "maxAbs", "nmse", "kldMean", "kldMax", "top1Agreement");
        assertThat(report.object("perplexity").orElseThrow().members().keySet())
                .startsWith("reference", "candidate");
        JsonObject tokens = report.object("tokens").orElseThrow();
        assertThat(tokens.members().keySet()).containsExactly("cases", "mismatches");
        assertThat(report.object("reference").orElseThrow().members().keySet())
                .startsWith("path", "sha256");
        assertThat(report.object("candidate").orElseThrow().string("sha256"))
                .contains(Sha256.of(file));
        assertThat(report.object("tolerance")).isPresent();
    }

    @Test
    void saysWhenTheUserLoosenedALimit() {
        Tolerances own = Tolerances.exact();
        assertThat(own.with(OptionalDouble.empty(), OptionalDouble.empty())).isEqualTo(own);
        assertThat(own.with(OptionalDouble.of(1), OptionalDouble.empty()).loosened()).isTrue();
        Tolerances tighter = own.with(OptionalDouble.of(1e-12), OptionalDouble.of(1));
        assertThat(tighter.loosened()).isFalse();
        assertThat(tighter.maxKld()).isEqualTo(1e-12);
        assertThat(tighter.toJson().number("minTop1")).isPresent();
    }

    private static Verification verification(Path file, boolean pass) {
        Subject subject = Subject.read(file);
        List<String> failures = pass ? List.of() : List.of("too far");
        return new Verification(
                subject,
                subject,
                gates(failures),
                Evidence.NONE,
                Tolerances.exact(),
                Optional.empty());
    }

    /** All gates, of which the logits have these failures. */
    private static List<GateResult> gates(List<String> failures) {
        return Arrays.stream(Gate.values())
                .map(
                        gate ->
                                GateResult.of(
                                        gate,
                                        "equal",
                                        gate == Gate.LOGITS ? failures : List.of(),
                                        List.of()))
                .toList();
    }
}
