package tk.hf;

import tk.error.UsageException;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The size of a shard as users of transformers type it: {@code 5GB}, {@code 500MB}, or bytes. */
public final class ShardSize {
    private static final Pattern SPELLING =
            Pattern.compile("(\\d{1,18}(?:\\.\\d{1,18})?) ?([KMGT]?)B?");

    private ShardSize() {}

    /**
     * The size in bytes; units are powers of 1000, as in transformers.
     *
     * @throws UsageException where it is no size
     */
    public static long parse(String text) {
        Matcher m = SPELLING.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (m.matches()) {
            int thousands = " KMGT".indexOf(m.group(2).isEmpty() ? " " : m.group(2));
            BigDecimal bytes =
                    new BigDecimal(m.group(1))
                            .scaleByPowerOfTen(3 * thousands)
                            .setScale(0, RoundingMode.DOWN);
            if (bytes.signum() > 0 && bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0)
                return bytes.longValueExact();
        }
        throw new UsageException(
                "no size of a shard: `" + text + "`",
                "A number with KB, MB, GB or TB, such as 5GB.");
    }
}
