package tk.safetensors;

/** What to do about a file that ends too early. */
final class Truncated {
    static final String HINT = "It was not copied or downloaded whole: fetch it again.";

    private Truncated() {}
}
