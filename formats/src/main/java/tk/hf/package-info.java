/** Hugging Face folders: config.json, sharded weights, tokenizer files. */
package tk.hf;
