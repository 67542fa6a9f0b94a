package tk.checkpoint;

import java.nio.file.Path;
import java.util.List;

/**
 * Everything that will be written, before a byte is.
 *
 * @param target the file or the folder; of several files beside each other, the name they derive
 *     theirs from
 * @param layout how the files lie
 * @param files what is written; exactly one where the layout is a file
 */
public record WritePlan(Path target, Layout layout, List<PlannedFile> files) {
    /** How a plan's files lie. */
    public enum Layout {
        /** One file, the target itself. */
        FILE,
        /** The target is a folder that holds the files and nothing else. */
        FOLDER,
        /** The files lie beside the target's name, in its folder, which may hold others too. */
        SIBLINGS
    }

    /** Copies the list and refuses a single-file plan of several files. */
    public WritePlan {
        files = List.copyOf(files);
        if (layout == Layout.FILE && files.size() != 1)
            throw new IllegalArgumentException("a plan for one file has " + files.size());
    }

    /** A plan for a folder, or for one file. */
    public WritePlan(Path target, boolean folder, List<PlannedFile> files) {
        this(target, folder ? Layout.FOLDER : Layout.FILE, files);
    }

    /** A plan for one file at {@code target}. */
    public static WritePlan file(Path target, List<PlannedFile.Segment> segments) {
        return new WritePlan(
                target, Layout.FILE, List.of(new PlannedFile(target.getFileName(), segments)));
    }

    /** Whether the target is a folder that holds the files. */
    public boolean folder() {
        return layout == Layout.FOLDER;
    }

    /** Where a file of the plan will appear. */
    public Path path(PlannedFile file) {
        return switch (layout) {
            case FILE -> target;
            case FOLDER -> target.resolve(file.path());
            case SIBLINGS -> target.resolveSibling(file.path());
        };
    }

    /** Bytes that will be written. */
    public long bytes() {
        long sum = 0;
        for (PlannedFile file : files) sum = Math.addExact(sum, file.bytes());
        return sum;
    }
}
