/** Bytes and tensors: everything tk reads and writes, and nothing that it computes with them. */
@org.jspecify.annotations.NullMarked
module tk.formats {
    requires static transitive org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires com.google.protobuf;
    requires org.apache.commons.compress;
    requires ai.djl.sentencepiece;

    exports tk.error;
    exports tk.tensor;
    exports tk.checkpoint;
    exports tk.json;
    exports tk.gguf;
    exports tk.filekind;
    exports tk.hf;
    exports tk.model;
    exports tk.safetensors;
    exports tk.tokenizer;
    exports tk.torch;
}
