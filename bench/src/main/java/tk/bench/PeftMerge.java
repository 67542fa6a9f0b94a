package tk.bench;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PEFT's {@code merge_and_unload} between transformers' loading and saving, as a program of its
 * own. Runs where {@code TK_PYTHON} is set, a Python with both.
 */
final class PeftMerge {
    private static final String SCRIPT =
            """
            import sys, time
            from transformers import AutoModelForCausalLM
            from transformers.models.llama import modeling_llama
            from peft import PeftModel
            start = time.time()
            model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype="auto")
            model = PeftModel.from_pretrained(model, sys.argv[2]).merge_and_unload()
            model.save_pretrained(sys.argv[3])
            print("\\nafter imports", time.time() - start)
            """;

    private static final Pattern WORKING = Pattern.compile("(?m)^after imports ([0-9.]+)$");

    private PeftMerge() {}

    /** The program, if there is a Python for it. */
    static Optional<List<String>> command(Path base, Path adapter, Path merged) {
        @Nullable String python = System.getenv("TK_PYTHON");
        if (python == null || python.isEmpty()) return Optional.empty();
        return Optional.of(
                List.of(
                        python,
                        "-c",
                        SCRIPT,
                        base.toString(),
                        adapter.toString(),
                        merged.toString()));
    }

    /** Of what it printed: the seconds for load, merge and save, without those for its imports. */
    static double working(Path log) throws IOException {
        Matcher seconds = WORKING.matcher(Files.readString(log));
        if (!seconds.find()) throw new IOException(log + ": PEFT told no time");
        return Double.parseDouble(seconds.group(1));
    }
}
