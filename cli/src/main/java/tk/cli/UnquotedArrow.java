package tk.cli;

import tk.error.UsageException;

/**
 * Recognises {@code tk convert pt->hf …} typed without quotation marks: the shell cuts it into
 * {@code pt-} and a redirection of stdout to a file {@code hf}.
 */
final class UnquotedArrow {
    private UnquotedArrow() {}

    static void check(String[] arguments) {
        if (arguments.length < 2 || !arguments[0].equals("convert")) return;
        String route = arguments[1];
        if (!route.matches("(pt|hf|meta|gguf)-")) return;
        throw new UsageException(
                "`%s` is a cut-off route: the shell took `>` as a redirection, and wrote this output to a file"
                        .formatted(route),
                "Put the route in quotation marks, or spell it without an arrow: tk convert '%s>hf' or tk convert %s2hf"
                        .formatted(route, route.substring(0, route.length() - 1)));
    }
}
