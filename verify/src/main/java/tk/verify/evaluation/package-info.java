/**
 * What models can do: choices, generated text and plain text scored, several models side by side.
 */
package tk.verify.evaluation;
