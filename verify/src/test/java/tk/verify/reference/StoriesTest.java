package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.testing.Shared;
import tk.tokenizer.GgufTokenizer;
import tk.verify.reference.LogitModel.Session;

import java.io.IOException;
import java.nio.file.Files;

/** Karpathy's story teller of 260 thousand parameters: its golden text, from the GGUF alone. */
class StoriesTest {
    @Test
    void tellsTheGoldenStory() throws IOException {
        String golden = Files.readString(Shared.path("third-party/gguf/stories260K.golden.txt"));
        try (GgufFile file =
                        new GgufReader().open(Shared.path("third-party/gguf/stories260K.gguf"));
                ReferenceModel model = ReferenceModels.openGguf(file, file.gguf());
                Session session = model.start()) {
            GgufTokenizer tokenizer = GgufTokenizer.of(file.gguf());
            int[] ids = new int[280];
            ids[0] = 1;
            int token = 1;
            for (int i = 0; i < ids.length; i++) {
                float[] logits = session.append(token);
                token = 0;
                for (int v = 1; v < logits.length; v++) if (logits[v] > logits[token]) token = v;
                ids[i] = token;
            }
            String text = tokenizer.decode(ids);
            // The file holds two stories; the first is the greedy one.
            assertThat(text).startsWith(golden.substring(0, golden.indexOf("\nOnce upon")));
        }
    }
}
