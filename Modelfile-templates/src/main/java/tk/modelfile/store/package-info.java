/** Ollama's store on disk: written for verified artifacts, listed, and audited. */
@org.jspecify.annotations.NullMarked
package tk.modelfile.store;
