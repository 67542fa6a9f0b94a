import module java.base;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;

/**
 * Holds every Java file of the project to one format (google-java-format, AOSP indentation).
 *
 * <p>{@code check} lists the files that differ and exits 1; {@code apply} rewrites them.
 */
void main(String[] args) throws Exception {
    boolean apply = args.length > 0 && args[0].equals("apply");
    var options = JavaFormatterOptions.builder().style(JavaFormatterOptions.Style.AOSP).build();
    var formatter = new Formatter(options);
    List<Path> files;
    try (var walk = Files.walk(Path.of(""))) {
        files =
                walk.filter(p -> p.toString().endsWith(".java"))
                        .filter(
                                p ->
                                        StreamSupport.stream(p.spliterator(), false)
                                                .noneMatch(n -> n.toString().equals("target")))
                        .sorted()
                        .toList();
    }
    int differing = 0;
    for (Path file : files) {
        String source = Files.readString(file);
        String formatted =
                formatter.formatSource(
                        ImportOrderer.reorderImports(
                                RemoveUnusedImports.removeUnusedImports(source),
                                JavaFormatterOptions.Style.AOSP));
        if (formatted.equals(source)) continue;
        differing++;
        if (apply) Files.writeString(file, formatted);
        else System.err.println("not formatted: " + file);
    }
    if (differing > 0 && !apply) {
        System.err.println(
                differing + " file(s) differ; mvn -N -Dformat=apply process-sources rewrites them");
        System.exit(1);
    }
}
