/** From one checkpoint to another: names, RoPE permutation, shards, adapters, GGUF metadata. */
@org.jspecify.annotations.NullMarked
module tk.convert {
    requires transitive tk.formats;
    requires static transitive org.jspecify;

    exports tk.convert;
    exports tk.convert.gguf;
    exports tk.convert.lora;
    exports tk.convert.route;
    exports tk.convert.bytefallback;
}
