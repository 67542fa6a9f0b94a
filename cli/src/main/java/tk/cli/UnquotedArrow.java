package tk.cli;

import tk.error.UsageException;

import java.util.Arrays;

/**
 * Recognises {@code tk convert pt->hf …} typed without quotation marks: the shell cuts it into
 * {@code pt-} and a redirection of stdout to a file {@code hf}.
 */
final class UnquotedArrow {
    private UnquotedArrow() {}

    /** Options may stand before the route. */
    static void check(String[] arguments) {
        if (arguments.length == 0 || !arguments[0].equals("convert")) return;
        Arrays.stream(arguments)
                .filter(argument -> argument.matches("(?i)(pt|hf|meta|gguf)-"))
                .findFirst()
                .ifPresent(UnquotedArrow::refuse);
    }

    private static void refuse(String route) {
        String from = route.substring(0, route.length() - 1);
        throw new UsageException(
                "`%s` is a cut-off route: the shell took `>` as a redirection, and wrote this output to a file"
                        .formatted(route),
                "Put the route in quotation marks, or spell it without an arrow: tk convert '%s>hf' or tk convert %s2hf"
                        .formatted(route, from));
    }
}
