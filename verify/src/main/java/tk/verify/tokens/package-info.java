/**
 * Whether a GGUF's vocabulary is the source tokenizer's and makes the same tokens of the same text.
 */
package tk.verify.tokens;
