/** Parity: what a model's logits are, how two models compare, and what counts as the same. */
package tk.verify;
