package tk.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

class TasksTest {
    @Test
    void returnsTheResultsInTheOrderOfTheTasks() {
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            int number = i;
            tasks.add(
                    () -> {
                        Thread.sleep(number % 3);
                        return number;
                    });
        }
        List<Integer> results = Tasks.run(7, "tk-test", tasks);
        assertThat(results).hasSize(100).isSorted();
    }

    @Test
    void throwsWhatTheFirstFailingTaskThrew() {
        List<Callable<Integer>> tasks =
                List.of(
                        () -> 1,
                        () -> {
                            throw new IllegalArgumentException("second");
                        },
                        () -> {
                            throw new IllegalArgumentException("third");
                        });
        assertThatThrownBy(() -> Tasks.run(2, "tk-test", tasks))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("second");
    }
}
