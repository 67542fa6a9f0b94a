/** Templates as data, and the Modelfile: written for verified artifacts only. */
@org.jspecify.annotations.NullMarked
module tk.modelfile {
    requires transitive tk.verify;
    requires static transitive org.jspecify;

    exports tk.gotemplate;
    exports tk.jinja;
    exports tk.modelfile;
    exports tk.modelfile.check;
    exports tk.modelfile.store;
}
