package tk.jinja;

/**
 * What a name, attribute or item stands for that does not exist: prints as nothing, is false, has
 * no items; anything else fails with the message.
 */
record Undefined(String message) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    JinjaError failure() {
        return new JinjaError(message);
    }
}
