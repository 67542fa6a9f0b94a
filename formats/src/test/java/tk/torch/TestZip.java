package tk.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Writes zip archives entry by entry, with every field at the test's will. */
final class TestZip {
    /** A line of the directory. */
    static final class Line {
        String name = "";
        int flags;
        int method;
        long crc;
        long packedSize;
        long size;
        long offset;
    }

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final List<Line> lines = new ArrayList<>();

    /** The archive of a checkpoint: this pickle, and storage {@code 0} of four floats. */
    static byte[] checkpoint(byte[] pickle) {
        return new TestZip()
                .stored("archive/data.pkl", pickle)
                .stored("archive/data/0", new byte[16])
                .stored("archive/version", "3\n".getBytes(StandardCharsets.UTF_8))
                .finish();
    }

    TestZip stored(String name, byte[] bytes) {
        Line line = begin(name, 0, bytes);
        line.packedSize = bytes.length;
        return append(line, bytes);
    }

    TestZip deflated(String name, byte[] bytes) {
        Line line = begin(name, 8, bytes);
        Deflater deflater = new Deflater(9, true);
        deflater.setInput(bytes);
        deflater.finish();
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        byte[] buffer = new byte[1 << 16];
        while (!deflater.finished()) packed.write(buffer, 0, deflater.deflate(buffer));
        deflater.end();
        line.packedSize = packed.size();
        return append(line, packed.toByteArray());
    }

    private Line begin(String name, int method, byte[] bytes) {
        Line line = new Line();
        line.name = name;
        line.method = method;
        line.size = bytes.length;
        line.offset = out.size();
        CRC32 crc = new CRC32();
        crc.update(bytes);
        line.crc = crc.getValue();
        return line;
    }

    private TestZip append(Line line, byte[] bytes) {
        byte[] name = line.name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(30).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0x04034b50).putShort((short) 20).putShort((short) line.flags);
        header.putShort((short) line.method).putInt(0).putInt((int) line.crc);
        header.putInt((int) line.packedSize).putInt((int) line.size);
        header.putShort((short) name.length).putShort((short) 0);
        out.writeBytes(header.array());
        out.writeBytes(name);
        out.writeBytes(bytes);
        lines.add(line);
        return this;
    }

    /** The last line of the directory, to be spoilt. */
    Line last() {
        return lines.getLast();
    }

    byte[] finish() {
        return finish(lines.size());
    }

    /** The archive, with an end record that claims {@code count} entries. */
    byte[] finish(int count) {
        int directory = out.size();
        for (Line line : lines) {
            byte[] name = line.name.getBytes(StandardCharsets.UTF_8);
            ByteBuffer entry = ByteBuffer.allocate(46).order(ByteOrder.LITTLE_ENDIAN);
            entry.putInt(0x02014b50).putShort((short) 20).putShort((short) 20);
            entry.putShort((short) line.flags).putShort((short) line.method).putInt(0);
            entry.putInt((int) line.crc).putInt((int) line.packedSize).putInt((int) line.size);
            entry.putShort((short) name.length).putShort((short) 0).putShort((short) 0);
            entry.putShort((short) 0).putShort((short) 0).putInt(0).putInt((int) line.offset);
            out.writeBytes(entry.array());
            out.writeBytes(name);
        }
        ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
        end.putInt(0x06054b50).putShort((short) 0).putShort((short) 0).putShort((short) count);
        end.putShort((short) count).putInt(out.size() - directory).putInt(directory);
        out.writeBytes(end.array());
        return out.toByteArray();
    }
}
