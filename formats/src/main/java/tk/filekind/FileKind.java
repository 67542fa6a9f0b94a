package tk.filekind;

/** What a file is, judged by its bytes alone. */
public sealed interface FileKind {

    /** Weights in a format that tk reads. */
    enum Weights implements FileKind {
        /** {@code torch.save}'s zip form. */
        TORCH_ZIP("PyTorch (zip)"),
        /** {@code torch.save}'s form before 1.6: pickles back to back. */
        TORCH_LEGACY("PyTorch (legacy)"),
        /** The tar form of torch 0.1. */
        TORCH_TAR("PyTorch (tar)"),
        SAFETENSORS("safetensors"),
        GGUF("GGUF");

        private final String title;

        Weights(String title) {
            this.title = title;
        }

        /** What people call it. */
        public String title() {
            return title;
        }
    }

    /**
     * An index over the shards of a sharded checkpoint: {@code model.safetensors.index.json} or
     * {@code pytorch_model.bin.index.json}.
     */
    record ShardIndex() implements FileKind {}

    /**
     * A Git-LFS pointer: the few lines that git keeps in place of a large file.
     *
     * @param size of the file it stands for, in bytes
     */
    record LfsPointer(long size) implements FileKind {}

    /**
     * Nothing that its format vouches for: empty, an error page, a text, a download that broke off.
     *
     * @param what it is, after "this is"
     * @param hint what to do
     */
    record Broken(String what, String hint) implements FileKind {}

    /**
     * A sound file of a format that tk does not read.
     *
     * @param what it is, after "this is"
     * @param hint what to do
     */
    record Foreign(String what, String hint) implements FileKind {}
}
