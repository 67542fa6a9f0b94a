package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.gguf.GgufValue;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.model.ModelSource;
import tk.tensor.DType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The verifier's power: every corruption of a correct conversion is caught. Each is done to one
 * type, with {@code -Dtk.bench} to each of four; {@code target/mutations.md} is then the table of
 * which gate catches what.
 */
class MutationTest {
    static final String TEMPLATE =
            "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}\n{% endfor %}"
                    + "{% if add_generation_prompt %}<|user|>\n{% endif %}";

    private static final List<DType> TYPES = List.of(DType.F32, DType.Q4_K, DType.F16, DType.Q8_0);

    @TempDir static Path folder;
    private static final Map<Mutation.Base, TinyModel> MODELS = new EnumMap<>(Mutation.Base.class);
    private static final Map<Mutation, Map<DType, Set<Gate>>> CAUGHT = new LinkedHashMap<>();

    @BeforeAll
    static void writeSources() throws IOException {
        TinyVocabulary bytes = TinyVocabulary.train(60, true);
        String llama = "LlamaForCausalLM";
        MODELS.put(Mutation.Base.LLAMA, TinyModel.llama());
        MODELS.put(
                Mutation.Base.SCALED,
                TinyModel.of(
                        llama,
                        bytes,
                        Map.of("rope_theta", 500000.0, "rope_scaling", RopeFactors.SCALING),
                        2));
        MODELS.put(
                Mutation.Base.NO_BYTES,
                TinyModel.of(llama, TinyVocabulary.train(60, false), Map.of(), 3).leaning());
        for (Map.Entry<Mutation.Base, TinyModel> base : MODELS.entrySet()) {
            Path source = base.getValue().write(source(base.getKey()), DType.F32);
            Files.writeString(
                    source.resolve("tokenizer_config.json"),
                    JsonText.PRETTY.write(
                            JsonValue.of(
                                    Map.of("chat_template", TEMPLATE, "add_bos_token", true))));
        }
    }

    /** One mutation of one type. */
    record Case(Mutation mutation, DType type) {
        @Override
        public String toString() {
            return mutation.group() + ": " + mutation + " (" + type + ")";
        }
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        List<Mutation> mutations = mutations();
        for (int i = 0; i < mutations.size(); i++) {
            for (int t = 0; t < TYPES.size(); t++) {
                if (Boolean.getBoolean("tk.bench") || i % TYPES.size() == t) {
                    cases.add(new Case(mutations.get(i), TYPES.get(t)));
                }
            }
        }
        return cases;
    }

    private static List<Mutation> mutations() {
        List<Mutation> all = new ArrayList<>(WeightMutations.all());
        all.addAll(SettingMutations.all());
        return all;
    }

    @Test
    void areMany() {
        assertThat(mutations()).hasSizeGreaterThan(100);
        assertThat(mutations().stream().map(Mutation::name)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isCaught(Case one) {
        TinyGguf gguf = correct(one.mutation().base(), one.type());
        one.mutation().damage().accept(gguf);
        Set<Gate> caught = EnumSet.noneOf(Gate.class);
        Verification found = verify(one.mutation().base(), gguf.write(folder.resolve("m.gguf")));
        for (GateResult gate : found.gates()) {
            if (!gate.pass()) {
                caught.add(gate.gate());
                assertThat(gate.detail()).isNotBlank();
            }
        }
        assertThat(caught).as("%s", one).isNotEmpty();
        assertThat(found.pass()).isFalse();
        CAUGHT.computeIfAbsent(one.mutation(), m -> new TreeMap<>()).put(one.type(), caught);
    }

    @ParameterizedTest
    @MethodSource("bases")
    void areDoneToCorrectConversions(Mutation.Base base) {
        for (DType type : TYPES) {
            TinyGguf gguf = correct(base, type);
            Verification found = verify(base, gguf.write(folder.resolve("m.gguf")));
            assertThat(found.gates()).as("%s, %s", base, type).allMatch(GateResult::pass);
        }
    }

    static List<Mutation.Base> bases() {
        return List.of(Mutation.Base.values());
    }

    /** The table of the documentation. */
    @AfterAll
    static void writeTable() throws IOException {
        StringBuilder table = new StringBuilder();
        table.append("| corruption | types |");
        for (Gate gate : Gate.values()) table.append(' ').append(gate.label()).append(" |");
        table.append("\n|---|---|").append("---|".repeat(Gate.values().length)).append('\n');
        String group = "";
        for (Map.Entry<Mutation, Map<DType, Set<Gate>>> row : CAUGHT.entrySet()) {
            if (!group.equals(row.getKey().group())) {
                group = row.getKey().group();
                table.append("| **").append(group).append("** | |");
                table.append(" |".repeat(Gate.values().length)).append('\n');
            }
            Map<DType, Set<Gate>> caught = row.getValue();
            table.append("| ").append(row.getKey()).append(" | ").append(caught.size());
            table.append(" |");
            for (Gate gate : Gate.values()) {
                long count = caught.values().stream().filter(set -> set.contains(gate)).count();
                table.append(count == 0 ? "" : count == caught.size() ? " ●" : " ◐").append(" |");
            }
            table.append('\n');
        }
        Files.createDirectories(Path.of("target"));
        Files.writeString(Path.of("target/mutations.md"), table);
    }

    private static Path source(Mutation.Base base) {
        return folder.resolve(base.name());
    }

    private static TinyGguf correct(Mutation.Base base, DType type) {
        TinyModel model = MODELS.get(base);
        TinyGguf gguf = new TinyGguf(model, type);
        gguf.put("tokenizer.chat_template", GgufValue.text(TEMPLATE));
        if (base == Mutation.Base.SCALED) {
            gguf.values.put("rope_freqs.weight", RopeFactors.of(500000));
            gguf.shapes.put("rope_freqs.weight", new long[] {RopeFactors.COUNT});
        }
        return gguf;
    }

    private static Verification verify(Mutation.Base base, Path candidate) {
        try (ModelSource source = ModelSource.open(source(base), ModelSource.Options.NONE)) {
            return Verifier.verify(
                    source, candidate, VerifyOptions.DEFAULT.withSample(true).withThreads(1));
        }
    }
}
