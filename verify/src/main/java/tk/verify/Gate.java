package tk.verify;

/** What is checked, in the order of the report. */
public enum Gate {
    /** Every weight of the source is in the candidate, with the value its type allows. */
    TENSORS("tensors"),
    /** The settings that steer the computation are the source's. */
    METADATA("metadata"),
    /** The same text becomes the same tokens. */
    TOKENS("tokens"),
    /** The same tokens give the same logits. */
    LOGITS("logits"),
    /** The same conversation becomes the same prompt. */
    TEMPLATE("template"),
    /** What the candidate writes is what the source would write. */
    BEHAVIOUR("behaviour");

    private final String label;

    Gate(String label) {
        this.label = label;
    }

    /** Its name in reports. */
    public String label() {
        return label;
    }
}
