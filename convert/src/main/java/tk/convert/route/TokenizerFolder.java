package tk.convert.route;

import tk.convert.gguf.GgufTokenizerFiles;
import tk.error.IoException;
import tk.gguf.GgufMetadata;
import tk.tokenizer.GgufVocabulary;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The tokenizer of a GGUF file as the files of a Hugging Face folder, until it is closed.
 *
 * @param path a temporary folder
 */
record TokenizerFolder(Path path) implements AutoCloseable {
    static TokenizerFolder of(GgufMetadata gguf, int maxPositions) {
        try {
            TokenizerFolder folder = new TokenizerFolder(Files.createTempDirectory("tk-tokenizer"));
            Map<String, byte[]> files =
                    GgufTokenizerFiles.of(GgufVocabulary.fromGguf(gguf), maxPositions);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(folder.path.resolve(file.getKey()), file.getValue());
            }
            return folder;
        } catch (IOException e) {
            throw new IoException("the tokenizer cannot be written: " + e.getMessage(), null, e);
        }
    }

    @Override
    public void close() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) Files.delete(file);
            Files.delete(path);
        } catch (IOException e) {
            throw new IoException(path + ": cannot be removed: " + e.getMessage(), null, e);
        }
    }
}
