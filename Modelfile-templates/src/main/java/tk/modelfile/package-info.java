/** Ollama's Modelfile: its grammar, its parameters, and the one place that writes one. */
package tk.modelfile;
