/**
 * Byte tokens for a SentencePiece vocabulary that has none: without them llama.cpp and Ollama abort
 * on the first character the vocabulary does not know.
 */
package tk.convert.bytefallback;
