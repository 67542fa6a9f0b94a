package tk.verify.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Memory in pages of 2 MiB where Linux gives them. What is read from start to end at every token
 * comes twice as fast from these: with pages of 4 KiB the processor looks up 512 times as many
 * addresses, and its prefetcher stops at each page's end.
 */
@SuppressWarnings("restricted") // three functions of the C library, where the module may call them
final class HugePages {
    private static final long PAGE = 2 << 20;

    // The same on all of Linux's 64-bit machines that a JVM runs on.
    private static final int READ_WRITE = 1 | 2; // PROT_READ | PROT_WRITE
    private static final int ANONYMOUS = 2 | 0x20; // MAP_PRIVATE | MAP_ANONYMOUS
    private static final int HUGE = 14; // MADV_HUGEPAGE

    private HugePages() {}

    /** Memory of so many bytes, all zero, freed with the arena; or ordinary memory. */
    static MemorySegment allocate(Arena arena, long bytes) {
        boolean linux = System.getProperty("os.name").equals("Linux");
        if (bytes >= PAGE && linux && HugePages.class.getModule().isNativeAccessEnabled()) {
            try {
                Optional<MemorySegment> memory = map(arena, bytes);
                if (memory.isPresent()) return memory.get();
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e); // a downcall of these throws nothing checked
            }
        }
        return arena.allocate(bytes, 64);
    }

    private static Optional<MemorySegment> map(Arena arena, long bytes) throws Throwable {
        long room = Math.addExact(bytes, PAGE); // so that a part of it begins at a page
        ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
        ValueLayout.OfInt flags = ValueLayout.JAVA_INT;
        MethodHandle mmap =
                function(
                        "mmap", FunctionDescriptor.of(word, word, word, flags, flags, flags, word));
        MethodHandle munmap = function("munmap", FunctionDescriptor.of(flags, word, word));
        MethodHandle madvise = function("madvise", FunctionDescriptor.of(flags, word, word, flags));
        long address = (long) mmap.invokeExact(0L, room, READ_WRITE, ANONYMOUS, -1, 0L);
        if (address == -1) return Optional.empty();
        long aligned = Math.ceilDiv(address, PAGE) * PAGE;
        // Where it is refused, the memory is there all the same.
        int ignored = (int) madvise.invokeExact(aligned, bytes, HUGE);
        return Optional.of(
                MemorySegment.ofAddress(aligned)
                        .reinterpret(bytes, arena, memory -> free(munmap, address, room)));
    }

    private static void free(MethodHandle munmap, long address, long room) {
        try {
            int ignored = (int) munmap.invokeExact(address, room);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup standard = linker.defaultLookup();
        return linker.downcallHandle(standard.find(name).orElseThrow(), type);
    }
}
