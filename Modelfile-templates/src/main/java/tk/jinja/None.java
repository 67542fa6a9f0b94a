package tk.jinja;

/** Python's {@code None}. */
enum None {
    NONE
}
