package tk.verify.evaluation;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * Accuracy and F1 of decisions between labels, as scikit-learn defines them.
 *
 * <p>A label's F1 is twice its true positives over its decisions and its answers together; macro F1
 * is the mean over all labels that were decided for or right, weighted F1 weighs each by how often
 * it was right.
 */
final class Classification {
    private final Map<String, Integer> decided = new HashMap<>();
    private final Map<String, Integer> right = new HashMap<>();
    private final Map<String, Integer> both = new HashMap<>();
    private int count;
    private int correct;

    /** Adds a decision. */
    void add(String decision, String answer) {
        decided.merge(decision, 1, Integer::sum);
        right.merge(answer, 1, Integer::sum);
        count++;
        if (decision.equals(answer)) {
            both.merge(answer, 1, Integer::sum);
            correct++;
        }
    }

    /** Share of decisions that were right. */
    double accuracy() {
        return (double) correct / count;
    }

    double macroF1() {
        TreeSet<String> labels = new TreeSet<>(decided.keySet());
        labels.addAll(right.keySet());
        return labels.stream().mapToDouble(this::f1).average().orElse(0);
    }

    double weightedF1() {
        double sum = 0;
        for (Map.Entry<String, Integer> label : right.entrySet()) {
            sum += label.getValue() * f1(label.getKey());
        }
        return sum / count;
    }

    private double f1(String label) {
        double all = decided.getOrDefault(label, 0) + right.getOrDefault(label, 0);
        return 2 * both.getOrDefault(label, 0) / all;
    }
}
