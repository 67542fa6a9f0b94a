package tk.tokenizer;

/**
 * A text in parts, none of them empty: what pre-tokenizers make of a text, one after the other.
 * Immutable.
 *
 * @param text the parts in a row
 * @param ends where each part ends
 * @param atStart whether the first part is the start of what the user wrote
 */
record Splits(String text, int[] ends, boolean atStart) {
    /** One part; none for an empty text. */
    static Splits of(String text, boolean atStart) {
        return new Splits(text, text.isEmpty() ? new int[0] : new int[] {text.length()}, atStart);
    }

    /** Every part cut by a pre-tokenizer. */
    Splits cut(PreTokenizer preTokenizer) {
        Ints cuts = new Ints(ends.length * 2);
        int from = 0;
        for (int to : ends) {
            preTokenizer.cut(text, from, to, (start, end) -> cuts.add(end));
            from = to;
        }
        return new Splits(text, cuts.toArray(), atStart);
    }

    /** Takes a part, and whether it is the start of what the user wrote. */
    interface Rewrite {
        String apply(String part, boolean first);
    }

    /** Every part replaced by another text; one that becomes empty is dropped. */
    Splits rewrite(Rewrite rewrite) {
        StringBuilder all = new StringBuilder(text.length() + 16);
        Ints newEnds = new Ints(ends.length);
        int from = 0;
        for (int to : ends) {
            int before = all.length();
            all.append(rewrite.apply(text.substring(from, to), atStart && from == 0));
            if (all.length() > before) newEnds.add(all.length());
            from = to;
        }
        return new Splits(all.toString(), newEnds.toArray(), atStart);
    }
}
