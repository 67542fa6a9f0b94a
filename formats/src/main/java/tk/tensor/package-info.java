/** The vocabulary of everything: types, shapes, and tensors whose rows stream. */
package tk.tensor;
