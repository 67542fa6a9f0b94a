package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Results that cannot be written. */
class StandardOutputTest {
    private static StandardOutput printed(String error) {
        StandardOutput output =
                new StandardOutput(
                        new OutputStream() {
                            @Override
                            public void write(int b) throws IOException {
                                throw new IOException(error);
                            }
                        });
        try (PrintStream out = new PrintStream(output, false, StandardCharsets.UTF_8)) {
            out.println("a result");
        }
        return output;
    }

    @Test
    void aFullDiskIsTold() {
        assertThat(printed("No space left on device").failure())
                .hasValueSatisfying(e -> assertThat(e).hasMessageContaining("No space"));
    }

    @Test
    void aReaderMayStopReading() {
        assertThat(printed("Broken pipe").failure()).isEmpty();
    }
}
