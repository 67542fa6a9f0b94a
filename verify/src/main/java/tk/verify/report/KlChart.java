package tk.verify.report;

import tk.verify.Distribution;
import tk.verify.Numbers;

import java.util.Locale;

/** How the divergence spreads over positions: a histogram with a bar for each third of a decade. */
final class KlChart {
    private static final int WIDTH = 460;
    private static final int HEIGHT = 190;
    private static final int LEFT = 6;
    private static final int BOTTOM = 146;
    private static final int TOP = 24;

    private KlChart() {}

    /**
     * An SVG of the distribution.
     *
     * @param limit of the mean, drawn where it lies within the chart
     */
    static String of(Distribution kl, double limit) {
        // Below 1e-12 is rounding: one bar for all of it.
        int low = (int) Math.floor(Math.log10(Math.max(1e-12, kl.quantile(0.001))));
        int high = (int) Math.ceil(Math.log10(Math.max(1e-11, Math.max(kl.max(), limit * 1.01))));
        if (high <= low) high = low + 1;
        int bars = (high - low) * 3;
        double width = (WIDTH - 2.0 * LEFT) / bars;
        int[] counts = new int[bars];
        int most = 1;
        for (int bar = 0; bar < bars; bar++) {
            double from = bar == 0 ? 0 : Math.pow(10, low + bar / 3.0);
            double to =
                    bar == bars - 1
                            ? Double.POSITIVE_INFINITY
                            : Math.pow(10, low + (bar + 1) / 3.0);
            counts[bar] = kl.countWithin(from, to);
            most = Math.max(most, counts[bar]);
        }
        StringBuilder svg = new StringBuilder();
        svg.append(
                String.format(
                        Locale.ROOT,
                        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Distribution of the KL divergence over positions\">",
                        WIDTH,
                        HEIGHT));
        for (int bar = 0; bar < bars; bar++) {
            if (counts[bar] == 0) continue;
            double height = Math.max(1, (BOTTOM - TOP) * counts[bar] / (double) most);
            svg.append(
                    String.format(
                            Locale.ROOT,
                            "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s positions</title></rect>",
                            LEFT + bar * width + 1,
                            BOTTOM - height,
                            Math.max(1, width - 2),
                            height,
                            Numbers.whole(counts[bar])));
        }
        svg.append(
                String.format(
                        Locale.ROOT,
                        "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>",
                        LEFT,
                        BOTTOM,
                        WIDTH - LEFT,
                        BOTTOM));
        int every = Math.max(1, (high - low + 5) / 6);
        for (int decade = low; decade <= high; decade += every) {
            double x = LEFT + (decade - low) * 3 * width;
            String anchor = decade == low ? "start" : decade == high ? "end" : "middle";
            svg.append(
                    String.format(
                            Locale.ROOT,
                            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                            x,
                            BOTTOM + 17,
                            anchor,
                            decade == low ? "0" : decade == 0 ? "1" : "1e" + decade));
        }
        svg.append(
                String.format(
                        Locale.ROOT,
                        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">KL divergence of a position, nats</text>",
                        WIDTH / 2,
                        HEIGHT - 6));
        mark(svg, "limit of the mean", limit, low, width, 12);
        return svg.append("</svg>").toString();
    }

    private static void mark(
            StringBuilder svg, String label, double value, int low, double width, int y) {
        double x = LEFT + (Math.log10(value) - low) * 3 * width;
        if (!(x > LEFT && x < WIDTH - LEFT)) return;
        svg.append(
                String.format(
                        Locale.ROOT,
                        "<line class=\"limit\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>",
                        x,
                        y + 4,
                        x,
                        BOTTOM));
        svg.append(
                String.format(
                        Locale.ROOT,
                        "<text class=\"limit-text\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                        x,
                        y,
                        x > WIDTH / 2.0 ? "end" : "start",
                        label));
    }
}
