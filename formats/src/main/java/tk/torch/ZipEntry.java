package tk.torch;

/**
 * One file within a zip archive.
 *
 * @param name as in the central directory
 * @param method 0 stored, 8 deflated
 * @param packedSize bytes it takes in the archive
 * @param size bytes it has when unpacked
 * @param headerOffset where its local header begins in the file
 * @param dataOffset where its bytes begin in the file
 */
record ZipEntry(
        String name, int method, long packedSize, long size, long headerOffset, long dataOffset) {
    boolean isStored() {
        return method == ZipDirectory.STORED;
    }
}
