/** GGUF: ggml's file format, read and written. */
package tk.gguf;
