/** What Ollama makes of a Modelfile, and of a folder that it shall convert itself. */
@org.jspecify.annotations.NullMarked
package tk.modelfile.check;
