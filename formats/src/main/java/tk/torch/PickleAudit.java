package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.TkException;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;
import tk.torch.PyValue.Global;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Everything that a file's pickles would look up and call in Python, without doing any of it.
 *
 * <p>For files that {@link TorchReader} refuses, and for those who want to see what one holds.
 *
 * @param lookups in the order of their first appearance
 * @param broken why the audit ended before the pickle did, if it did: what comes after is not known
 */
public record PickleAudit(List<Lookup> lookups, Optional<String> broken) {
    /**
     * A name that the pickle looks up.
     *
     * @param pickle where: the file, and the entry within it
     * @param offset of the first lookup within the pickle
     * @param module as spelled, with everything but printable ASCII escaped
     * @param name likewise
     * @param allowed whether a checkpoint may name it
     * @param calls how often it is called
     * @param example the text arguments of the first call, such as a command; empty without any
     */
    public record Lookup(
            String pickle,
            long offset,
            String module,
            String name,
            boolean allowed,
            long calls,
            String example) {}

    /** Copies the list. */
    public PickleAudit {
        lookups = List.copyOf(lookups);
    }

    /** Those that no checkpoint needs: why the file is refused. */
    public List<Lookup> refused() {
        return lookups.stream().filter(lookup -> !lookup.allowed()).toList();
    }

    /**
     * Audits a file of any form that {@code torch.save} has written, or of bare pickles.
     *
     * @throws TkException where the container itself cannot be read
     */
    public static PickleAudit of(Path path) {
        try (SourceFile file = SourceFile.open(path)) {
            return of(file);
        }
    }

    static PickleAudit of(SourceFile file) {
        return of(pickles(file));
    }

    /** Audits runs of pickles that are found already. */
    static PickleAudit of(List<ByteWindow> pickles) {
        Recorder recorder = new Recorder();
        Optional<String> broken = Optional.empty();
        for (ByteWindow in : pickles) {
            try {
                do Unpickler.read(in, recorder);
                while (in.remaining() > 0 && startsPickle(in));
            } catch (TkException e) {
                broken = Optional.of(e.getMessage());
            }
        }
        return new PickleAudit(recorder.lookups(), broken);
    }

    private static List<ByteWindow> pickles(SourceFile file) {
        byte[] head = file.read(0, (int) Math.min(file.size(), 512));
        List<ByteWindow> pickles = new ArrayList<>();
        if (ZipDirectory.recognises(head)) {
            for (ZipEntry entry : ZipDirectory.read(file).values()) {
                if (entry.name().endsWith(".pkl")) pickles.add(TorchZip.pickle(file, entry));
            }
        } else if (TarDirectory.recognises(head)) {
            TarDirectory.read(file)
                    .forEach((name, region) -> pickles.add(window(file, name, region)));
        } else {
            pickles.add(ByteWindow.of(file.toString(), file, 0, file.size()));
        }
        return pickles;
    }

    private static ByteWindow window(SourceFile file, String name, FileRegion region) {
        return ByteWindow.of(file + ": " + name, file, region.offset(), region.length());
    }

    /** Pickles stand back to back; the bytes of storages may follow them. */
    private static boolean startsPickle(ByteWindow in) {
        long position = in.position();
        boolean starts = in.u8("an opcode") == Opcode.PROTO.code();
        in.seek(position);
        return starts;
    }

    /** Answers every request with inert data, and notes it. */
    private static final class Recorder implements PickleCalls {
        private static final int LONGEST_EXAMPLE = 200;

        private final Map<String, Entry> entries = new LinkedHashMap<>();

        private static final class Entry {
            private final Global global;
            private final PicklePlace at;
            private long calls;
            private String example = "";

            Entry(Global global, PicklePlace at) {
                this.global = global;
                this.at = at;
            }
        }

        @Override
        public boolean lenient() {
            return true;
        }

        @Override
        public PyValue global(Global global, PicklePlace at) {
            entry(global, at);
            return global;
        }

        private Entry entry(Global global, PicklePlace at) {
            String key = global.module() + "\n" + global.name();
            @Nullable Entry known = entries.get(key);
            if (known != null) return known;
            at.charge(256);
            Entry entry = new Entry(global, at);
            entries.put(key, entry);
            return entry;
        }

        @Override
        public PyValue call(PyValue callable, Tuple arguments, PicklePlace at) {
            Global global =
                    callable instanceof Global named
                            ? named
                            : new Global("", callable.type(), at.offset());
            Entry entry = entry(global, at);
            if (entry.calls++ == 0) entry.example = example(arguments);
            return new Thing("what " + global.spelled() + " returns");
        }

        private static String example(Tuple arguments) {
            StringBuilder example = new StringBuilder();
            for (PyValue argument : arguments.items()) {
                if (argument instanceof Text text && example.length() < LONGEST_EXAMPLE) {
                    if (!example.isEmpty()) example.append(", ");
                    example.append('"').append(Spelling.visible(text.value())).append('"');
                }
            }
            return example.toString();
        }

        @Override
        public void build(PyValue object, PyValue state, PicklePlace at) {}

        @Override
        public PyValue persistent(PyValue id, PicklePlace at) {
            return new Thing("storage");
        }

        List<Lookup> lookups() {
            List<Lookup> lookups = new ArrayList<>();
            for (Entry entry : entries.values()) {
                Global global = entry.global;
                lookups.add(
                        new Lookup(
                                entry.at.pickle(),
                                entry.at.offset(),
                                Spelling.visible(global.module()),
                                Spelling.visible(global.name()),
                                TorchGlobals.allows(global.module(), global.name()),
                                entry.calls,
                                entry.example));
            }
            return lookups;
        }
    }
}
