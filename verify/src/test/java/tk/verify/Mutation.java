package tk.verify;

import java.util.function.Consumer;

/**
 * A way in which a conversion goes wrong.
 *
 * @param group what it concerns
 * @param name in a few words
 * @param base which source it is done to
 * @param damage what it does to a correct GGUF
 */
record Mutation(String group, String name, Base base, Consumer<TinyGguf> damage) {
    /** The sources that mutations start from. */
    enum Base {
        /** Llama, untied, byte pieces, a chat template. */
        LLAMA,
        /** The same with llama3 rope scaling. */
        SCALED,
        /** Without byte pieces, for a GGUF that adds them. */
        NO_BYTES
    }

    @Override
    public String toString() {
        return name;
    }
}
