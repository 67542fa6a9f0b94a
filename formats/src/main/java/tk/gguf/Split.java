package tk.gguf;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.tensor.SourceFile;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * A model split over several files, {@code NAME-00001-of-00003.gguf} and so on: the first has the
 * metadata, each has {@code split.no} (from 0), {@code split.count} and {@code
 * split.tensors.count}, the number of tensors in all.
 */
final class Split {
    static final String NO = "split.no";
    static final String COUNT = "split.count";
    static final String TENSORS = "split.tensors.count";

    private static final int MOST = 0xffff;

    private Split() {}

    /** The name of part {@code no}, from 0. */
    static String name(String prefix, long no, long count) {
        return String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, no + 1, count);
    }

    /** Whether this file is one of several. */
    static boolean isPart(GgufMetadata metadata) {
        return metadata.integer(COUNT).orElse(0) > 1;
    }

    /** The metadata without what only concerns the splitting. */
    static GgufMetadata strip(GgufMetadata metadata) {
        return metadata.toBuilder().remove(NO).remove(COUNT).remove(TENSORS).build();
    }

    /** The metadata of part {@code no}. */
    static GgufMetadata part(GgufMetadata whole, int no, int count, int tensors) {
        GgufMetadata.Builder part = no == 0 ? strip(whole).toBuilder() : GgufMetadata.builder();
        if (no > 0) {
            whole.get(GgufHeader.ALIGNMENT_KEY)
                    .ifPresent(alignment -> part.put(GgufHeader.ALIGNMENT_KEY, alignment));
        }
        return part.put(NO, new GgufValue.Whole(GgufValueType.U16, no))
                .put(COUNT, new GgufValue.Whole(GgufValueType.U16, count))
                .put(TENSORS, GgufValue.i32(tensors))
                .build();
    }

    /** The paths of all parts, given the first and its metadata. */
    static List<Path> parts(Path first, GgufMetadata metadata) {
        long count = metadata.integer(COUNT).orElse(0);
        long no = metadata.integer(NO).orElse(-1);
        if (count > MOST) {
            throw new MalformedException(
                    "%s: %s is %s, expected at most %s".formatted(first, COUNT, count, MOST));
        }
        String name = String.valueOf(first.getFileName());
        String suffix = name("", no, count);
        boolean named = name.endsWith(suffix);
        if (no != 0) {
            String prefix = named ? name.substring(0, name.length() - suffix.length()) : "NAME";
            throw new UsageException(
                    "%s: is part %s of a model split in %s".formatted(first, no + 1, count),
                    "Give its first file, %s.".formatted(name(prefix, 0, count)));
        }
        if (!named) {
            throw new UsageException(
                    "%s: is the first of %s files, but its name does not end in %s"
                            .formatted(first, count, suffix),
                    "Give the files the names they were made with.");
        }
        String prefix = name.substring(0, name.length() - suffix.length());
        return java.util.stream.LongStream.range(0, count)
                .mapToObj(i -> first.resolveSibling(name(prefix, i, count)))
                .toList();
    }

    /** Opens part {@code no}. */
    static SourceFile open(List<Path> parts, int no) {
        Path part = parts.get(no);
        if (!Files.exists(part)) {
            throw new IoException(
                    "%s: missing: part %s of %s".formatted(part, no + 1, parts.size()),
                    "A split model needs all of its files in one folder.");
        }
        return SourceFile.open(part);
    }

    /** Checks that a part says of itself what its name does. */
    static void check(SourceFile file, GgufMetadata metadata, int no, int count) {
        expect(file, NO, metadata.integer(NO), no);
        expect(file, COUNT, metadata.integer(COUNT), count);
    }

    static void expect(SourceFile file, String key, OptionalLong found, long expected) {
        if (found.isPresent() && found.getAsLong() == expected) return;
        throw new MalformedException(
                "%s: %s is %s, expected %s"
                        .formatted(
                                file,
                                key,
                                found.isPresent() ? found.getAsLong() : "missing",
                                expected),
                "Its name tells another part, or the files belong to different models.");
    }
}
