package tk.convert;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A tensor's name with its layer number taken out.
 *
 * @param template the name with {@code {n}} for the first part that is a number
 * @param layer that number, or -1 where there is none
 */
record LayerName(String template, int layer) {
    // At most six digits and no leading zero: "layers.007" is not layer 7.
    private static final Pattern NUMBER = Pattern.compile("(?<![^.])(0|[1-9]\\d{0,5})(?![^.])");

    static LayerName of(String name) {
        Matcher matcher = NUMBER.matcher(name);
        if (!matcher.find()) return new LayerName(name, -1);
        return new LayerName(
                name.substring(0, matcher.start())
                        + TensorRule.LAYER
                        + name.substring(matcher.end()),
                Integer.parseInt(matcher.group(1)));
    }

    /** The layer's number put into another template. */
    String in(String other) {
        return layer < 0 ? other : other.replace(TensorRule.LAYER, Integer.toString(layer));
    }
}
