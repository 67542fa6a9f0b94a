package tk.cli;

/** What this build is. */
final class Version {
    /** As in the project's pom; a test holds the two together. */
    static final String TK = "0.1.0";

    private Version() {}
}
