package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.error.UsageException;
import tk.modelfile.Modelfile.Adapter;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Requires;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class ModelfileRoundTripTest {
    @Test
    void readsBackOneHundredThousandRandomFiles() {
        Random random = new Random(20261122);
        int written = 0;
        while (written < 100_000) {
            Modelfile modelfile = random(random);
            String text;
            try {
                text = ModelfileWriter.write(modelfile);
            } catch (UsageException inexpressible) {
                continue;
            }
            written++;
            if (!ModelfileParser.parse(text, "random").equals(modelfile)) {
                assertThat(ModelfileParser.parse(text, "random")).as(text).isEqualTo(modelfile);
            }
        }
    }

    @Test
    void readsWhateverItIsGivenOrSaysWhyNot() {
        Random random = new Random(7);
        for (int i = 0; i < 50_000; i++) {
            String text = "FROM m\n" + text(random) + text(random) + text(random);
            ModelfileReading reading = ModelfileParser.read(text);
            assertThat(reading.refusal().isPresent() || !reading.instructions().isEmpty()).isTrue();
        }
    }

    private static Modelfile random(Random random) {
        List<Instruction> instructions = new ArrayList<>(List.of(new From("./model.gguf")));
        int n = random.nextInt(4);
        for (int i = 0; i < n; i++) {
            String text = text(random);
            instructions.add(
                    switch (random.nextInt(10)) {
                        case 0 -> new SystemMessage(text);
                        case 1 -> new Template(text);
                        case 2 -> new License(text);
                        case 3 ->
                                new Message(
                                        List.of("system", "user", "assistant")
                                                .get(random.nextInt(3)),
                                        text);
                        case 4 -> new Parameter("stop", text);
                        case 5 -> new Adapter("./" + text);
                        case 6 -> new Parameter("temperature", text);
                        case 7 -> new From(text);
                        case 8 -> new Requires("0." + random.nextInt(40) + ".0");
                        default -> new Parameter("num_ctx", Integer.toString(random.nextInt(9999)));
                    });
        }
        return new Modelfile(instructions);
    }

    private static final String[] PARTS = {
        "\"",
        "\"\"\"",
        "\n",
        " ",
        "\t",
        "#",
        "İı",
        "ğ",
        "g\u0306",
        "{{ .System }}",
        "a",
        "FROM x",
        "SYSTEM ",
        "PARAMETER seed ",
        "MESSAGE user ",
        "'",
        "▁",
        "🙂",
        "\\n",
        "\r",
        "\u200d",
        "\u00a0"
    };

    /** Mostly of what the grammar cares about, mostly of what prints. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int n = random.nextInt(8);
        for (int i = 0; i < n; i++) {
            int kinds = random.nextInt(20) == 0 ? PARTS.length : PARTS.length - 3;
            if (random.nextInt(30) == 0) text.appendCodePoint(random.nextInt(0x20, 0x2fff));
            else text.append(PARTS[random.nextInt(kinds)]);
        }
        return text.toString();
    }
}
