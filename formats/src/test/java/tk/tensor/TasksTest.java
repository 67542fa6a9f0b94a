package tk.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

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

    /** An interrupt would close the file that another task reads, for those who read it next. */
    @Test
    void interruptsNoTaskWhereAnotherFails() {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean(true);
        List<Callable<Integer>> tasks =
                List.of(
                        () -> {
                            begun.await();
                            throw new IllegalArgumentException("first");
                        },
                        () -> {
                            begun.countDown();
                            Thread.sleep(200);
                            interrupted.set(false);
                            return 2;
                        });
        assertThatThrownBy(() -> Tasks.run(2, "tk-test", tasks)).hasMessage("first");
        assertThat(interrupted).isFalse();
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
