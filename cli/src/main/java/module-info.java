/** The command line: the only code that prints, reads the environment or exits. */
@org.jspecify.annotations.NullMarked
module tk.cli {
    requires tk.modelfile;
    requires tk.convert;
    requires static org.jspecify;
    requires info.picocli;

    exports tk.cli;

    opens tk.cli to
            info.picocli;
}
