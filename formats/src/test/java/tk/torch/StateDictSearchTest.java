package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.Text;
import tk.torch.TorchValue.Storage;
import tk.torch.TorchValue.TensorView;

import java.util.Set;

/** What training loops save, and the state dict that is found in it. */
class StateDictSearchTest {
    private static TensorView tensor(long... size) {
        Storage storage = new Storage("0", TorchType.FLOAT32, 1 << 20, 0);
        return new TensorView(storage, TorchType.FLOAT32, 0, size, new long[size.length]);
    }

    private static Dict dict(Object... entries) {
        Dict dict = new Dict();
        for (int i = 0; i < entries.length; i += 2) {
            PyValue key =
                    entries[i] instanceof Integer n
                            ? new Int(n)
                            : new Text(String.valueOf(entries[i]));
            dict.put(key, (PyValue) entries[i + 1]);
        }
        return dict;
    }

    private static Items list(PyValue... values) {
        Items list = new Items();
        for (PyValue value : values) list.add(value);
        return list;
    }

    private static Dict weights(String prefix) {
        return dict(
                prefix + "embed.weight",
                tensor(8, 4),
                prefix + "layers.0.weight",
                tensor(4, 4),
                prefix + "norm.weight",
                tensor(4));
    }

    private static Dict optimizer() {
        return dict(
                "state",
                dict(0, dict("exp_avg", tensor(8, 4), "step", tensor())),
                "param_groups",
                list(dict("lr", new Int(1))));
    }

    private static StateDict find(PyValue root) {
        return new StateDictSearch(new SavedObject("x.pt", root)).find(null);
    }

    private static StateDict find(PyValue root, String key) {
        return new StateDictSearch(new SavedObject("x.pt", root)).find(key);
    }

    private static Set<String> names(StateDict dict) {
        return dict.tensors().keySet();
    }

    @Test
    void takesAPlainStateDictAsItIs() {
        StateDict found = find(weights(""));
        assertThat(found.key()).isEmpty();
        assertThat(names(found)).containsExactly("embed.weight", "layers.0.weight", "norm.weight");
    }

    @Test
    void findsTheModelBesideOptimizerAndRandomStates() {
        StateDict found =
                find(
                        dict(
                                "epoch",
                                new Int(3),
                                "model_state_dict",
                                weights(""),
                                "optimizer_state_dict",
                                optimizer(),
                                "lr_scheduler",
                                dict("last_lr", tensor(1)),
                                "rng_state",
                                tensor(5056),
                                "loss",
                                tensor()));
        assertThat(found.key()).isEqualTo("model_state_dict");
        assertThat(found.tensors()).hasSize(3);
    }

    @Test
    void findsTheModelUnderAnyKey() {
        assertThat(find(dict("my_net", weights(""), "step", tensor())).key()).isEqualTo("my_net");
        assertThat(find(dict("outer", dict("inner", weights("")))).key()).isEqualTo("outer.inner");
        assertThat(find(list(weights(""), new Int(7))).key()).isEqualTo("0");
    }

    @Test
    void asksWhichOneWhereTwoFit() {
        Dict both = dict("model", weights(""), "ema", weights(""), "optimizer", optimizer());
        assertThatThrownBy(() -> find(both))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--key model (3 tensors)")
                .hasMessageContaining("--key ema (3 tensors)");
        assertThat(find(both, "ema").key()).isEqualTo("ema");
    }

    @Test
    void oneDictUnderTwoKeysIsOneStateDict() {
        Dict weights = weights("");
        assertThat(find(dict("model", weights, "state_dict", weights)).key()).isEqualTo("model");
    }

    @Test
    void takesTheKeyThatHoldsAModelCutIntoSeveralDicts() {
        Dict encoder = weights("layers.");
        Dict embedding = dict("word_embeddings", dict("weight", tensor(8, 4)));
        StateDict megatron =
                find(
                        dict(
                                "model",
                                dict(
                                        "language_model",
                                        dict("embedding", embedding, "encoder", encoder)),
                                "optimizer",
                                optimizer()));
        assertThat(megatron.key()).isEqualTo("model.language_model");
        assertThat(names(megatron))
                .contains("embedding.word_embeddings.weight", "encoder.layers.embed.weight");
        StateDict parts =
                find(dict("model", dict("encoder", weights("a."), "decoder", weights("b."))));
        assertThat(parts.key()).isEqualTo("model");
        assertThat(names(parts)).contains("encoder.a.norm.weight", "decoder.b.norm.weight");
    }

    @Test
    void joinsNestedKeysWhereNothingLooksLikeAStateDict() {
        StateDict found =
                find(
                        dict(
                                "layer1",
                                dict("weight", tensor(2, 2), "bias", tensor(2)),
                                "layer2",
                                dict("weight", tensor(2, 2))));
        assertThat(found.key()).isEmpty();
        assertThat(names(found)).containsExactly("layer1.weight", "layer1.bias", "layer2.weight");
    }

    @Test
    void keepsTensorsWhoseNamesOnlySoundLikeAnOptimizers() {
        Dict dict = weights("");
        dict.put(new Text("input_scaler.weight"), tensor(4));
        dict.put(new Text("scheduled.optimal.weight"), tensor(4));
        assertThat(names(find(dict))).contains("input_scaler.weight", "scheduled.optimal.weight");
    }

    @Test
    void takesTheKeyItIsTold() {
        Dict root = dict("a", dict("b.c", weights("")), "a.b", weights("x."), "t", tensor(2));
        assertThat(names(find(root, "a.b.c"))).contains("embed.weight");
        assertThat(names(find(root, "a.b"))).contains("x.embed.weight");
        assertThat(names(find(root, "."))).hasSize(7);
        assertThat(names(find(root, "t"))).containsExactly("tensor");
        assertThatThrownBy(() -> find(root, "a.q"))
                .isInstanceOfSatisfying(
                        UsageException.class, e -> assertThat(e.hint()).contains("`a`, `a.b`"));
    }

    @Test
    void stripsWhatWrappingAModelAdded() {
        assertThat(find(weights("module.")).prefix()).isEqualTo("module.");
        assertThat(find(weights("_orig_mod.module.")).prefix()).isEqualTo("_orig_mod.module.");
        assertThat(find(weights("module.module.")).prefix()).isEqualTo("module.module.");
        Dict fsdp =
                dict(
                        "_fsdp_wrapped_module.layers.0._fsdp_wrapped_module.w.weight",
                        tensor(2, 2),
                        "_fsdp_wrapped_module.layers.0._checkpoint_wrapped_module.v.weight",
                        tensor(2, 2));
        assertThat(names(find(fsdp))).containsExactly("layers.0.w.weight", "layers.0.v.weight");
    }

    @Test
    void keepsAPrefixThatNotAllNamesHave() {
        Dict mixed = weights("module.");
        mixed.put(new Text("head.weight"), tensor(2, 2));
        assertThat(names(find(mixed))).contains("module.norm.weight", "head.weight");
        assertThat(find(mixed).prefix()).isEmpty();
    }

    @Test
    void keepsNamesThatWouldCollide() {
        Dict colliding = dict("_orig_mod.a.w", tensor(2), "a.w", tensor(2));
        assertThat(names(find(colliding))).containsExactly("_orig_mod.a.w", "a.w");
    }

    @Test
    void saysWhereNoModelIs() {
        assertThatThrownBy(() -> find(optimizer())).isInstanceOf(MalformedException.class);
        assertThatThrownBy(() -> find(dict("epoch", new Int(1))))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("without any tensor");
    }
}
