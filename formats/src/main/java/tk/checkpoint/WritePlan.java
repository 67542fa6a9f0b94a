package tk.checkpoint;

import java.nio.file.Path;
import java.util.List;

/**
 * Everything that will be written, before a byte is.
 *
 * @param target the file, or the folder where {@code folder} is true
 * @param folder whether the target is a folder holding the files, or the one file itself
 * @param files what is written; exactly one where {@code folder} is false
 */
public record WritePlan(Path target, boolean folder, List<PlannedFile> files) {
    /** Copies the list and refuses a single-file plan of several files. */
    public WritePlan {
        files = List.copyOf(files);
        if (!folder && files.size() != 1)
            throw new IllegalArgumentException("a plan for one file has " + files.size());
    }

    /** A plan for one file at {@code target}. */
    public static WritePlan file(Path target, List<PlannedFile.Segment> segments) {
        return new WritePlan(
                target, false, List.of(new PlannedFile(target.getFileName(), segments)));
    }

    /** Bytes that will be written. */
    public long bytes() {
        long sum = 0;
        for (PlannedFile file : files) sum = Math.addExact(sum, file.bytes());
        return sum;
    }
}
