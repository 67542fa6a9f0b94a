package tk.cli;

import picocli.CommandLine;

/** Makes the command objects: those that print are given the console. */
final class Commands implements CommandLine.IFactory {
    private final Console console;

    Commands(Console console) {
        this.console = console;
    }

    @Override
    public <K> K create(Class<K> kind) throws Exception {
        if (kind == CommonOptions.class) return kind.cast(new CommonOptions(console));
        return CommandLine.defaultFactory().create(kind);
    }
}
