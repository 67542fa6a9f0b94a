/**
 * Go's {@code text/template} as far as Ollama's prompt templates use it, and the way in which
 * Ollama fills them.
 */
package tk.gotemplate;
