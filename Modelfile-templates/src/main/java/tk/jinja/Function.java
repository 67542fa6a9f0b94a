package tk.jinja;

/** Anything that can be called: a global, a macro, a method of a value. */
@FunctionalInterface
interface Function {
    Object call(Arguments arguments);
}
