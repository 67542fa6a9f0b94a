package tk.verify.importance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.verify.reference.InputSink.Input;

class InputSumsTest {
    /** Two features of three tokens, with room for four. */
    private static final float[] X = {1, 2, 3, 99, -1, 0, 4, 99};

    @Test
    void addsUpTheTokensOfEachFeature() {
        InputSums sums = new InputSums(false);
        sums.accept(0, Input.ATTENTION, X, 2, 4, 3);
        sums.accept(0, Input.ATTENTION, X, 2, 4, 2);
        assertThat(sums.tokens()).isEqualTo(5);
        InputSums.Sums found = sums.byName().get("blk.0.attn_q.weight");
        assertThat(found.values()).containsExactly(9, 2);
        assertThat(found.squares()).containsExactly(19, 18);
    }

    @Test
    void namesTheMatricesThatShareAnInput() {
        InputSums sums = new InputSums(true);
        for (Input input : Input.values()) {
            sums.accept(input == Input.HEAD ? -1 : 11, input, X, 2, 4, 3);
        }
        assertThat(sums.byName().keySet())
                .containsExactly(
                        "blk.11.attn_k.weight",
                        "blk.11.attn_output.weight",
                        "blk.11.attn_q.weight",
                        "blk.11.attn_v.weight",
                        "blk.11.ffn_down.weight",
                        "blk.11.ffn_gate.weight",
                        "blk.11.ffn_up.weight",
                        "output.weight");
    }

    @Test
    void leavesTheHeadOutUnlessAsked() {
        InputSums sums = new InputSums(false);
        sums.accept(-1, Input.HEAD, X, 2, 4, 3);
        assertThat(sums.byName()).isEmpty();
    }
}
