/**
 * A model as it is found on disk: weights in any container, with the settings and tokenizer beside
 * them.
 */
package tk.model;
