/** GGUF metadata from a configuration, a folder's files and a vocabulary. */
package tk.convert.gguf;
