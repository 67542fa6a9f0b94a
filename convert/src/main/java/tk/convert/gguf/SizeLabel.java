package tk.convert.gguf;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** A model's size as people say it: {@code 110M}, {@code 1.1B}. */
final class SizeLabel {
    private SizeLabel() {}

    /**
     * The label of a number of parameters, with as many decimals as make at least two digits.
     *
     * <p>The product and both roundings (half to even, of the double's exact value) are those of
     * Python, which convert_hf_to_gguf runs on.
     */
    static String of(long parameters) {
        double scaled;
        String suffix;
        if (parameters > 1e12) {
            scaled = parameters * 1e-12;
            suffix = "T";
        } else if (parameters > 1e9) {
            scaled = parameters * 1e-9;
            suffix = "B";
        } else if (parameters > 1e6) {
            scaled = parameters * 1e-6;
            suffix = "M";
        } else {
            scaled = parameters * 1e-3;
            suffix = "K";
        }
        long rounded = (long) Math.rint(scaled);
        int digits = rounded == 0 ? 0 : Long.toString(rounded).length();
        int decimals = Math.max(2 - digits, 0);
        return new BigDecimal(scaled).setScale(decimals, RoundingMode.HALF_EVEN).toPlainString()
                + suffix;
    }
}
