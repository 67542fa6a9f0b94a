package tk.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * tokenizers' Split: what to do with what a pattern matches.
 *
 * @param pattern what is matched
 * @param behavior what becomes of it
 * @param invert whether what lies between the matches is meant instead
 */
record PatternSplit(RegexPreTokenizer pattern, Behavior behavior, boolean invert) {
    /** What becomes of a match. */
    enum Behavior {
        /** It is a part. */
        ISOLATED("isolated"),
        /** It is dropped. */
        REMOVED("removed"),
        /** It belongs to the part before it. */
        MERGED_WITH_PREVIOUS("mergedwithprevious"),
        /** It belongs to the part after it. */
        MERGED_WITH_NEXT("mergedwithnext"),
        /** Several in a row are one part. */
        CONTIGUOUS("contiguous");

        private final String name;

        Behavior(String name) {
            this.name = name;
        }

        /** The behavior spelled as in tokenizer.json, in either of its spellings. */
        static Optional<Behavior> named(String name) {
            String plain = name.replace("_", "").toLowerCase(Locale.ROOT);
            for (Behavior behavior : values()) {
                if (behavior.name.equals(plain)) return Optional.of(behavior);
            }
            return Optional.empty();
        }
    }

    private record Stretch(int from, int to, boolean match) {}

    /** Every part split. */
    Splits apply(Splits splits) {
        if (behavior == Behavior.REMOVED) {
            Ints kept = new Ints(splits.ends().length);
            StringBuilder text = new StringBuilder(splits.text().length());
            each(
                    splits,
                    stretches -> {
                        for (Stretch stretch : stretches) {
                            if (stretch.match) continue;
                            text.append(splits.text(), stretch.from, stretch.to);
                            kept.add(text.length());
                        }
                    });
            return new Splits(text.toString(), kept.toArray(), splits.atStart());
        }
        Ints ends = new Ints(splits.ends().length * 2);
        each(splits, stretches -> cut(stretches, ends));
        return new Splits(splits.text(), ends.toArray(), splits.atStart());
    }

    private interface Parts {
        void accept(List<Stretch> stretches);
    }

    private void each(Splits splits, Parts parts) {
        int from = 0;
        for (int to : splits.ends()) {
            List<Stretch> stretches = new ArrayList<>();
            pattern.find(
                    splits.text(),
                    from,
                    to,
                    (start, end, match) -> stretches.add(new Stretch(start, end, match != invert)));
            parts.accept(stretches);
            from = to;
        }
    }

    private void cut(List<Stretch> stretches, Ints ends) {
        for (int i = 0; i < stretches.size(); i++) {
            boolean match = stretches.get(i).match;
            boolean last = i + 1 == stretches.size();
            boolean nextMatch = !last && stretches.get(i + 1).match;
            boolean joined =
                    switch (behavior) {
                        case ISOLATED, REMOVED -> false;
                        case CONTIGUOUS -> match == nextMatch;
                        case MERGED_WITH_PREVIOUS -> nextMatch && !match;
                        case MERGED_WITH_NEXT -> match && !nextMatch;
                    };
            if (last || !joined) ends.add(stretches.get(i).to);
        }
    }
}
