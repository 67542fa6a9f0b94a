/** Vocabularies and tokenizers: the source's own, and llama.cpp's reading of a GGUF. */
package tk.tokenizer;
