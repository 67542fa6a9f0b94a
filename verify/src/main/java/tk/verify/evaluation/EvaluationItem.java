package tk.verify.evaluation;

import java.util.List;

/** One line of an evaluation's data. */
public sealed interface EvaluationItem {
    /**
     * Which of several continuations the model finds likeliest.
     *
     * @param prompt what they follow
     * @param choices the continuations, with the space they begin with where there is one
     * @param answer index of the right one
     */
    record Choice(String prompt, List<String> choices, int answer) implements EvaluationItem {
        /** Copies the list. */
        public Choice {
            choices = List.copyOf(choices);
            if (answer < 0 || answer >= choices.size()) throw new IllegalArgumentException();
        }
    }

    /**
     * What the model writes, always taking the likeliest token.
     *
     * @param prompt what it continues
     * @param references what would be right, at least one
     * @param maxTokens it ends there at the latest; 0 for the run's own limit
     * @param stops texts it ends before
     */
    record Generation(String prompt, List<String> references, int maxTokens, List<String> stops)
            implements EvaluationItem {
        /** Copies the lists. */
        public Generation {
            references = List.copyOf(references);
            stops = List.copyOf(stops);
        }
    }

    /**
     * How well the model predicts a text.
     *
     * @param text the text
     */
    record Text(String text) implements EvaluationItem {}
}
