package tk.convert;

import tk.error.MalformedException;
import tk.hf.ModelConfig;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What tensors there are and what there should be, side by side. */
final class Discrepancy {
    private static final int SHOWN = 12;

    /** Names longer than any real one are not compared: the comparison takes their product. */
    private static final int LONGEST = 200;

    private static final int COMPARED = 400;

    /** Query, key and value, or gate and up, in one matrix: Phi, gpt-fast, nanoGPT, lit-gpt. */
    private static final Pattern FUSED =
            Pattern.compile("(.*\\.)?(qkv|qkv_proj|wqkv|c_attn|gate_up_proj|w13)\\.(weight|bias)");

    private Discrepancy() {}

    static MalformedException error(
            String place, ModelConfig config, List<String> missing, List<String> unexpected) {
        StringBuilder text =
                new StringBuilder(
                        "%s: %d tensors missing, %d unexpected for %s with %d layers"
                                .formatted(
                                        place,
                                        missing.size(),
                                        unexpected.size(),
                                        config.architecture(),
                                        config.layers()));
        List<String[]> rows = new ArrayList<>();
        List<String> near =
                unexpected.stream().filter(n -> n.length() <= LONGEST).limit(COMPARED).toList();
        Set<String> paired = new LinkedHashSet<>();
        for (String name : missing.subList(0, Math.min(SHOWN, missing.size()))) {
            String nearest = NearestName.among(near, name).orElse("");
            if (!nearest.isEmpty()) paired.add(nearest);
            rows.add(new String[] {name, nearest});
        }
        unexpected.stream()
                .filter(name -> !paired.contains(name))
                .limit(SHOWN)
                .forEach(name -> rows.add(new String[] {"", shortened(name)}));
        int width = "missing".length();
        for (String[] row : rows) width = Math.max(width, row[0].length());
        String line = "\n  %-" + width + "s  %s";
        text.append(line.formatted("missing", "unexpected (nearest name)"));
        for (String[] row : rows) text.append(line.formatted(row[0], row[1]).stripTrailing());
        int more = Math.max(0, missing.size() - SHOWN);
        int moreUnexpected =
                unexpected.size()
                        - paired.size()
                        - (int) rows.stream().filter(row -> row[0].isEmpty()).count();
        if (more > 0 || moreUnexpected > 0) {
            text.append(
                    "\n  … %d more missing, %d more unexpected".formatted(more, moreUnexpected));
        }
        return new MalformedException(text.toString(), hint(unexpected));
    }

    private static String hint(List<String> unexpected) {
        if (unexpected.isEmpty())
            return "The file is incomplete, or the config is another model's.";
        return unexpected.stream()
                .filter(name -> FUSED.matcher(name).matches())
                .findFirst()
                .map(
                        name ->
                                "`%s` holds several projections in one, which tk does not take apart: cut it with torch.split(w, [rows, …]) into those that are missing, and save again."
                                        .formatted(shortened(name)))
                .orElse(
                        "If these are the model's tensors under other names, say so with --key-map.");
    }

    private static String shortened(String name) {
        return name.length() <= LONGEST ? name : name.substring(0, LONGEST) + "…";
    }
}
